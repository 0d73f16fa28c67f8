"""All data about a rider as one JSON document, which is sent while it is read.

Only one page of rows is in memory at a time. Each page is a statement of its own and shows the rows that were
committed by then. One snapshot for all would need a transaction as long as the client takes to read.
"""

from collections.abc import Iterator
from datetime import datetime

from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from rest_framework.request import Request

from bikerental.accounts.api.serializers import ExportOutput, export_sections
from bikerental.http.export_sections import Pages
from bikerental.http.operations import documented
from bikerental.http.renderers import to_json
from bikerental.http.streams import stream_response
from bikerental.http.views import ApiView
from bikerental.users.api.authentication import rider_of


class ExportView(ApiView):
    """All that is held about the caller."""

    @documented(
        summary="Everything held about the caller",
        description=(
            "The document is sent while it is read, so its parts may show different moments. If sending fails, the "
            "closing brace is missing. 429 `throttled` while another export of the caller's is being sent, 503 "
            "`unavailable` while too many exports are."
        ),
        success={200: ExportOutput},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        rider = rider_of(request)
        return stream_response(_document(request, timezone.now()), reader=rider.pk, name="An export")


def _document(request: Request, now: datetime) -> Iterator[bytes]:
    language = translation.get_language() or "en"  # the middleware resets the language before the later pages are read
    values = {section.name: section.read(request, now) for section in export_sections() if not section.is_list}
    yield to_json(values).removesuffix(b"}")
    for section in export_sections():
        if section.is_list:
            yield f',"{section.name}":['.encode()
            yield from _rows(_in_language(language, section.read(request, now)))
            yield b"]"
    yield b"}"


def _rows(pages: Pages) -> Iterator[bytes]:
    comma = b""
    for page in pages:
        if page:
            yield comma + to_json(page)[1:-1]
            comma = b","


def _in_language(language: str, pages: Pages) -> Pages:
    while True:
        with translation.override(language):
            page = next(pages, None)
        if page is None:
            return
        yield page
