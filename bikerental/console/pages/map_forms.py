"""Forms beside the map. Each is also a page of its own, for a browser without the map's script."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from bikerental.console.pages.base import FormPage


class MapFormPage(FormPage):
    section = "map"
    template = "console/map/form.html"

    @property
    def is_part(self) -> bool:
        """Whether the map's script asks. It shows the form and its result beside the map."""
        return self.request.headers.get("X-Requested-With") == "map"

    def show(self, context: Mapping[str, Any] | None = None, **options: Any) -> HttpResponse:
        frame = "console/map/part.html" if self.is_part else "console/base.html"
        return super().show({"frame": frame, **(context or {})}, **options)

    def redirect_back(self, level: int, text: Any) -> HttpResponse:
        if not self.is_part:
            return super().redirect_back(level, text)
        is_done = level == messages.SUCCESS
        return JsonResponse({"done": is_done, "text": str(text)}, status=200 if is_done else 409)

    def back(self) -> str:
        return reverse("console:map")
