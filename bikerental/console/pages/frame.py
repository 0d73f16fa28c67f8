"""Two small views: the choice of the language, and the 404 for an unknown address below the console."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from bikerental.console.pages.base import Page


class LanguagePage(View):
    """Keeps the language that the reader chose, also before the log-in. It changes nothing else."""

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen, back = request.POST.get("language", ""), request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            back = reverse("console:today")
        response = HttpResponseRedirect(back)
        if chosen in dict(settings.LANGUAGES):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                chosen,
                max_age=365 * 24 * 3600,
                path=settings.SESSION_COOKIE_PATH,
                secure=bool(settings.SESSION_COOKIE_SECURE),
                httponly=True,
                samesite="Lax",
            )
        return response


class AbsentPage(Page):
    """Any other address below the console's."""

    permission = "console.open_today"

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        raise Http404
