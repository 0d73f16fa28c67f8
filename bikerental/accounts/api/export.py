"""All data about a rider as one JSON document, which is sent while it is read.

Only one page of rows is in memory at a time. Each page is a statement of its own and shows the rows that were
committed by then. One snapshot for all would need a transaction as long as the client takes to read.
"""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.functional import cached_property
from rest_framework.request import Request

from bikerental.accounts.api.serializers import ExportOutput, export_sections
from bikerental.core.context import request_id_var
from bikerental.core.errors import ThrottledError, UnavailableError
from bikerental.http.export_sections import Pages
from bikerental.http.operations import documented
from bikerental.http.problems import is_database_away
from bikerental.http.renderers import to_json
from bikerental.http.views import ApiView
from bikerental.users.api.authentication import rider_of

logger = logging.getLogger(__name__)

# A slow reader holds one of the eight threads of a web process. One must stay free.
AT_ONCE = 7
SECONDS = 120.0

RETRY_SECONDS = 10.0


class Places:
    """The riders who get an export from this process: at most AT_ONCE, and one export each."""

    def __init__(self) -> None:
        self._riders: set[UUID] = set()
        self._lock = threading.Lock()

    def take(self, rider_id: UUID) -> None:
        """Take a place.

        :raises ThrottledError: while the rider has one, so that one rider cannot take the places of others
        :raises UnavailableError: while all places are taken
        """
        with self._lock:
            if rider_id in self._riders:
                raise ThrottledError(retry_after=RETRY_SECONDS)
            if len(self._riders) >= AT_ONCE:
                raise UnavailableError
            self._riders.add(rider_id)

    def give_back(self, rider_id: UUID) -> None:
        with self._lock:
            self._riders.remove(rider_id)

    def are_all_free(self) -> bool:
        return not self._riders


places = Places()


class ExportResponse(StreamingHttpResponse):
    """A stream that a test client can also read as a whole; a web server never does."""

    @cached_property
    def content(self) -> bytes:  # type: ignore[override] # Django gives none
        return self.getvalue()

    @property
    def text(self) -> str:  # type: ignore[override]
        return self.content.decode()


class ExportView(ApiView):
    """All that is held about the caller."""

    @documented(
        summary="Everything held about the caller",
        description=(
            "One document, sent while it is read from the database: a long one is not of one moment, and one that "
            "breaks off ends before its last brace. 429 `throttled` while another of the caller's is being sent, 503 "
            "`unavailable` while too many are."
        ),
        success={200: ExportOutput},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        rider = rider_of(request)
        stream = _bounded(_document(request, timezone.now()), rider_id=rider.pk)
        # An error in the first page still gets a problem document with its own status.
        return ExportResponse(_resumed(next(stream), stream), content_type="application/json")


def _resumed(first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from stream


def _bounded(stream: Iterator[bytes], *, rider_id: UUID) -> Iterator[bytes]:
    """:raises ThrottledError, UnavailableError: as `Places.take`"""
    places.take(rider_id)
    request_id, begun = request_id_var.get(), time.monotonic()
    try:
        for piece in stream:
            _require_time(begun)
            yield piece
    except Exception as error:
        token = request_id_var.set(request_id)  # the middleware has already finished this request
        is_bug = not (is_database_away(error) or isinstance(error, TimeoutError | UnavailableError))
        logger.log(logging.ERROR if is_bug else logging.WARNING, "An export broke off", exc_info=error)
        request_id_var.reset(token)
        raise
    finally:
        places.give_back(rider_id)


def _require_time(begun: float) -> None:
    if time.monotonic() - begun > SECONDS:
        raise TimeoutError(f"The client has been reading for more than {SECONDS:.0f} s.")


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
