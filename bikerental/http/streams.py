"""Long answers that are sent while they are read from the database."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterator

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils.functional import cached_property

from bikerental.core.context import request_id_var
from bikerental.core.errors import ThrottledError, UnavailableError
from bikerental.http.problems import is_database_unavailable

logger = logging.getLogger(__name__)

# A slow reader holds a thread of a web process. One must stay free.
STREAMS_MAX = settings.WEB_THREADS - 1
STREAM_SECONDS = 120.0

RETRY_SECONDS = 10.0


class StreamSlots:
    """Counts the streams of this process: by reader, and STREAMS_MAX in all."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def acquire(self, reader: Hashable, *, limit: int) -> None:
        """Take a slot.

        :raises ThrottledError: while the reader has `limit` slots, so that one reader cannot take those of others
        :raises UnavailableError: while all slots are taken
        """
        with self._lock:
            if self._taken[reader] >= limit:
                raise ThrottledError(retry_after=RETRY_SECONDS)
            if self._taken.total() >= STREAMS_MAX:
                raise UnavailableError
            self._taken[reader] += 1

    def release(self, reader: Hashable) -> None:
        with self._lock:
            self._taken[reader] -= 1
            self._taken += Counter()  # drops the readers that have none left

    def are_free(self) -> bool:
        return not self._taken.total()


slots = StreamSlots()


class StreamedResponse(StreamingHttpResponse):
    """A stream that a test client can also read as a whole; a web server never does."""

    @cached_property
    def content(self) -> bytes:  # type: ignore[override] # Django gives none
        return self.getvalue()

    @property
    def text(self) -> str:  # type: ignore[override]
        return self.content.decode()


def stream_response(
    pieces: Iterator[bytes], *, reader: Hashable, limit: int = 1, name: str, content_type: str = "application/json"
) -> StreamedResponse:
    """A response in pieces. The first piece is made here, so that an error in it still gets a status of its own.

    :param reader: who gets the response, and at most `limit` of them at once
    :param name: the stream's name in log lines, for example "An export"
    :raises ThrottledError, UnavailableError: as `StreamSlots.acquire`
    """
    stream = _bounded(pieces, reader, limit, name)
    return StreamedResponse(_resumed(next(stream), stream), content_type=content_type)


def _resumed(first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from stream


def _bounded(pieces: Iterator[bytes], reader: Hashable, limit: int, name: str) -> Iterator[bytes]:
    slots.acquire(reader, limit=limit)
    request_id, begun = request_id_var.get(), time.monotonic()
    try:
        for piece in pieces:
            _require_time(begun)
            yield piece
    except Exception as error:
        token = request_id_var.set(request_id)  # the middleware has already finished this request
        is_bug = not (is_database_unavailable(error) or isinstance(error, TimeoutError | UnavailableError))
        logger.log(logging.ERROR if is_bug else logging.WARNING, "%s broke off", name, exc_info=error)
        request_id_var.reset(token)
        raise
    finally:
        slots.release(reader)


def _require_time(begun: float) -> None:
    if time.monotonic() - begun > STREAM_SECONDS:
        raise TimeoutError(f"The client has been reading for more than {STREAM_SECONDS:.0f} s.")
