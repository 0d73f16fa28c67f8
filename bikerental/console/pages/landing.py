"""The page at `/`: what this service is, and where its parts are. For everybody."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views import View

FEEDS = {"gbfs": "3/gbfs.json", "gbfs_2": "2/gbfs.json"}


class LandingPage(View):
    """HTML for clients that prefer it, as browsers do, and JSON for all others. Reads no row and no cookie."""

    def get(self, request: HttpRequest) -> HttpResponse:
        # The first one wins if the client accepts both equally, as with */*.
        is_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
        response = _page() if is_page else _document(request)
        response.headers["Cache-Control"] = "public, max-age=300"
        patch_vary_headers(response, ["Accept"])
        return response


def _page() -> HttpResponse:
    # Without the request: its context would have the operator and the session.
    context = {"links": _links(), "about": _about()}
    return HttpResponse(render_to_string("console/landing.html", context))


def _document(request: HttpRequest) -> JsonResponse:
    links = {name: request.build_absolute_uri(link) for name, link in _links().items()}
    return JsonResponse({"name": "bikerental", "description": _about(), **links})


def _about() -> str:
    return _("The service of a bike-sharing city: riders find, rent and return bikes by an app that uses the API.")


def _links() -> dict[str, Any]:
    links = {
        "swagger_ui": reverse("docs"),
        "redoc": reverse("redoc"),
        "swagger": reverse("schema-json"),
        **{name: reverse("gbfs", args=[file]) for name, file in FEEDS.items()},
        "health": reverse("ready"),
    }
    if settings.DOCUMENTATION_URL:
        links["documentation"] = settings.DOCUMENTATION_URL
    if settings.ADMIN_PATH == settings.ADMIN_PATH_KNOWN:  # another path is a secret
        links["console"] = reverse("console:today")
    return links
