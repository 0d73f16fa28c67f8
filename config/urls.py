"""Every route of the service."""

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from bikerental.console.pages.landing import LandingPage
from bikerental.http import document
from bikerental.notifications import urls as notifications
from bikerental.observe import health, prometheus

urlpatterns: list[URLPattern | URLResolver] = [
    # Django tries the routes in this order, so the most used come first.
    path("api/v1/", include("bikerental.fleet.urls")),
    path("api/v1/", include("bikerental.rentals.urls")),
    path("api/v1/", include("bikerental.accounts.urls")),
    path("api/v1/", include("bikerental.users.urls")),
    path("api/v1/", include("bikerental.maintenance.urls")),
    path("api/v1/", include("bikerental.zones.urls")),
    path("api/v1/", include("bikerental.billing.urls")),
    path("api/v1/", include("bikerental.claims.urls")),
    path("api/v1/", include("bikerental.notifications.urls")),
    path("hooks/", include(notifications.hooks)),
    path("", include("bikerental.feeds.urls")),
    path("api/docs/", document.swagger_ui, name="docs"),
    path("api/redoc/", document.redoc_ui, name="redoc"),
    path("api/swagger.json", document.swagger_json, name="schema-json"),
    path("api/swagger.yaml", document.swagger_yaml, name="schema-yaml"),
    path("health/live/", health.live, name="live"),
    path("health/ready/", health.ready, name="ready"),
    path("metrics", prometheus.metrics, name="metrics"),
    path(f"{settings.ADMIN_PATH}console/", include("bikerental.console.urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", LandingPage.as_view(), name="landing"),
]

if apps.is_installed("debug_toolbar"):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))

if not settings.AWS_STORAGE_BUCKET_NAME:
    from config import folder_media

    urlpatterns += folder_media.urlpatterns

handler400 = "bikerental.http.problems.bad_request"
handler403 = "bikerental.http.problems.forbidden"
handler404 = "bikerental.http.problems.not_found"
handler500 = "bikerental.http.problems.internal_error"
