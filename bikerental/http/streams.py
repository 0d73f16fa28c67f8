"""Long answers that are sent while they are read from the database."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterator

from django.http import StreamingHttpResponse
from django.utils.functional import cached_property

from bikerental.core.context import request_id_var
from bikerental.core.errors import ThrottledError, UnavailableError
from bikerental.http.problems import is_database_away

logger = logging.getLogger(__name__)

# A slow reader holds one of the eight threads of a web process. One must stay free.
AT_ONCE = 7
SECONDS = 120.0

RETRY_SECONDS = 10.0


class Places:
    """Who is sent a long answer by this process: at most AT_ONCE answers in all."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def take(self, reader: Hashable, *, most: int) -> None:
        """Take a place.

        :raises ThrottledError: while the reader has `most`, so that one reader cannot take the places of others
        :raises UnavailableError: while all places are taken
        """
        with self._lock:
            if self._taken[reader] >= most:
                raise ThrottledError(retry_after=RETRY_SECONDS)
            if self._taken.total() >= AT_ONCE:
                raise UnavailableError
            self._taken[reader] += 1

    def give_back(self, reader: Hashable) -> None:
        with self._lock:
            self._taken[reader] -= 1
            self._taken += Counter()  # forgets who has none left

    def are_all_free(self) -> bool:
        return not self._taken.total()


places = Places()


class StreamedResponse(StreamingHttpResponse):
    """A stream that a test client can also read as a whole; a web server never does."""

    @cached_property
    def content(self) -> bytes:  # type: ignore[override] # Django gives none
        return self.getvalue()

    @property
    def text(self) -> str:  # type: ignore[override]
        return self.content.decode()


def stream_response(
    pieces: Iterator[bytes], *, reader: Hashable, most: int = 1, name: str, content_type: str = "application/json"
) -> StreamedResponse:
    """An answer in pieces. The first one is made here: an error in it still gets a problem with its own status.

    :param reader: who gets it, with at most `most` of them at once
    :param name: what the log calls it, as in "An export"
    :raises ThrottledError, UnavailableError: as `Places.take`
    """
    stream = _bounded(pieces, reader, most, name)
    return StreamedResponse(_resumed(next(stream), stream), content_type=content_type)


def _resumed(first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from stream


def _bounded(pieces: Iterator[bytes], reader: Hashable, most: int, name: str) -> Iterator[bytes]:
    places.take(reader, most=most)
    request_id, begun = request_id_var.get(), time.monotonic()
    try:
        for piece in pieces:
            _require_time(begun)
            yield piece
    except Exception as error:
        token = request_id_var.set(request_id)  # the middleware has already finished this request
        is_bug = not (is_database_away(error) or isinstance(error, TimeoutError | UnavailableError))
        logger.log(logging.ERROR if is_bug else logging.WARNING, "%s broke off", name, exc_info=error)
        request_id_var.reset(token)
        raise
    finally:
        places.give_back(reader)


def _require_time(begun: float) -> None:
    if time.monotonic() - begun > SECONDS:
        raise TimeoutError(f"The client has been reading for more than {SECONDS:.0f} s.")
