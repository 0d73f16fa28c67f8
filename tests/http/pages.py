"""What a browser sends from a page of the admin."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._is_inside = False
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self._is_inside = (given.get("id") or "").endswith("_form") and given.get("id") != "logout-form"
        if not self._is_inside:
            return
        if tag == "input" and name and given.get("type") not in {"submit", "file"}:
            if given.get("type") != "checkbox" or "checked" in given:
                self.fields.setdefault(name, []).append(value if value or given.get("type") != "checkbox" else "on")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.fields.setdefault(self._select, []).append(value)
        elif tag == "textarea":
            self._text = name
            self.fields[name] = [""]

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text][0] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""
        elif tag == "select":
            self._select = ""


def fields_of(content: bytes) -> dict[str, list[str]]:
    """The fields of the page's form with their values."""
    reader = _Reader()
    reader.feed(content.decode())
    return reader.fields


def open_form(client: Client, path: str) -> dict[str, Any]:
    page = client.get(path)
    assert page.status_code == 200, page.status_code
    return fields_of(page.content)
