"""The Swagger document as it is served, and the pages that show it."""

import threading
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_yasg.codecs import OpenAPICodecJson, OpenAPICodecYaml
from drf_yasg.views import UI_RENDERERS, get_schema_view
from rest_framework.permissions import AllowAny

from bikerental.http.renderers import to_json
from bikerental.http.schema import API_INFO, SchemaGenerator


class Document:
    """The document in one format. Building it takes tens of milliseconds, so each process does it once.

    Host and scheme come from the request and are put in front of the kept text. Nothing is cached by host,
    because a client may name any number of hosts.
    """

    def __init__(self, codec: Any) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._rest: bytes | None = None

    def for_host(self, scheme: str, host: str) -> bytes:
        with self._lock:
            if self._rest is None:
                self._rest = self._build()
        names = {"host": host, "schemes": [scheme]}
        if self._codec.media_type == "application/json":
            return to_json(names)[:-1] + b"," + self._rest.lstrip()[1:]
        # JSON is YAML as well.
        return b"".join(name.encode() + b": " + to_json(value) + b"\n" for name, value in names.items()) + self._rest

    def _build(self) -> bytes:
        # The document is in English. Its texts are lazy and would otherwise take the first client's language.
        with translation.override("en"):
            document = SchemaGenerator(API_INFO, url="https://localhost").get_schema(public=True)
            document.pop("host")
            document.pop("schemes")
            return bytes(self._codec.encode(document))


def _serve(codec: Any) -> Callable[[HttpRequest], HttpResponse]:
    document = Document(codec)

    @require_safe
    def serve(request: HttpRequest) -> HttpResponse:
        content = document.for_host(request.scheme or "http", request.get_host())
        return HttpResponse(content, content_type=codec.media_type, headers={"Cache-Control": "max-age=300"})

    return serve


class _Pages(get_schema_view(API_INFO, public=True, authentication_classes=[], permission_classes=[AllowAny])):  # type: ignore[misc] # made at run time
    """The pages that show the document. drf-yasg's own pages would build it again for `?format=openapi`."""

    def perform_content_negotiation(self, request: Any, force: bool = False) -> tuple[Any, str]:
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type


swagger_json = _serve(OpenAPICodecJson([]))
swagger_yaml = _serve(OpenAPICodecYaml([]))
swagger_ui = _Pages.as_view(renderer_classes=UI_RENDERERS["swagger"])
redoc_ui = _Pages.as_view(renderer_classes=UI_RENDERERS["redoc"])
