"""The Swagger document as it is served, and the pages that show it."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_yasg.app_settings import swagger_settings
from rest_framework.permissions import AllowAny

from bikerental.http.renderers import to_json
from bikerental.http.schema import SchemaGenerator

Format = Literal["json", "yaml"]


class Document:
    """The document in one format. Building it takes tens of milliseconds, so each process does it once.

    Host and scheme come from the request and are put in front of the kept text. Nothing is cached by host,
    because a client may name any number of hosts.
    """

    def __init__(self, format_: Format) -> None:
        self.media_type = f"application/{format_}"
        self._lock = threading.Lock()
        self._rest: bytes | None = None

    def for_host(self, scheme: str, host: str) -> bytes:
        with self._lock:
            if self._rest is None:
                self._rest = self._build()
        names = {"host": host, "schemes": [scheme]}
        if self.media_type == "application/json":
            return to_json(names)[:-1] + b"," + self._rest.lstrip()[1:]
        # JSON is YAML as well.
        return b"".join(name.encode() + b": " + to_json(value) + b"\n" for name, value in names.items()) + self._rest

    def _build(self) -> bytes:
        from drf_yasg import codecs  # here, because most processes never need the validators that it imports

        is_json = self.media_type == "application/json"
        codec = codecs.OpenAPICodecJson([]) if is_json else codecs.OpenAPICodecYaml([])
        # The document is in English. Its texts are lazy and would otherwise take the first client's language.
        with translation.override("en"):
            document = SchemaGenerator(swagger_settings.DEFAULT_INFO, url="https://localhost").get_schema(public=True)
            document.pop("host")
            document.pop("schemes")
            return bytes(codec.encode(document))


def _serve(format_: Format) -> Callable[[HttpRequest], HttpResponse]:
    document = Document(format_)

    @require_safe
    def serve(request: HttpRequest) -> HttpResponse:
        content = document.for_host(request.scheme or "http", request.get_host())
        return HttpResponse(content, content_type=document.media_type, headers={"Cache-Control": "max-age=300"})

    return serve


@cache
def _page(kind: str) -> Callable[[HttpRequest], HttpResponse]:
    """A page that shows the document. drf-yasg's own page would build it again for `?format=openapi`."""
    from drf_yasg.views import UI_RENDERERS, get_schema_view  # here, as the codecs above

    class Page(get_schema_view(public=True, authentication_classes=[], permission_classes=[AllowAny])):  # type: ignore[misc] # made at run time
        def perform_content_negotiation(self, request: Any, force: bool = False) -> tuple[Any, str]:
            renderer = self.get_renderers()[0]
            return renderer, renderer.media_type

    return Page.as_view(renderer_classes=UI_RENDERERS[kind])  # type: ignore[no-any-return] # made at run time


@require_safe
def swagger_ui(request: HttpRequest) -> HttpResponse:
    return _page("swagger")(request)


@require_safe
def redoc_ui(request: HttpRequest) -> HttpResponse:
    return _page("redoc")(request)


swagger_json = _serve("json")
swagger_yaml = _serve("yaml")
