"""The service's routes, and two views that do nothing, to measure the frame itself."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.http.views import ApiView
from config import urls

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)


class EmptyView(ApiView):
    """The API's authentication and renderer without any work. It also goes through the middlewares of pages."""

    def get(self, request: Request) -> Response:
        return Response({})


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bench/empty/", EmptyView.as_view()), path("bench/bare/", bare), *urls.urlpatterns]
