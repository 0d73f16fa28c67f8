"""Tables as CSV files to download."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone, translation

from bikerental.core.sheets import sheet_pieces
from bikerental.http.streams import StreamedResponse, stream_response

CSV_TYPE = "text/csv; charset=utf-8"


def csv_answer(rows: Iterable[Sequence[Any]], *, name: str) -> HttpResponse:
    """A short table. The first row has the names of the columns.

    :param name: of the file, without its ending: ASCII letters, digits and dashes
    """
    return HttpResponse(b"".join(sheet_pieces(rows)), content_type=CSV_TYPE, headers=_named(name))


def csv_stream(rows: Iterable[Sequence[Any]], *, name: str, reader: Hashable) -> StreamedResponse:
    """A long table, which is sent while it is read from the database.

    :raises ThrottledError, UnavailableError: as `stream_response`
    """
    pieces = _in_language(sheet_pieces(rows))
    response = stream_response(pieces, reader=reader, name="A CSV file", content_type=CSV_TYPE)
    for header, value in _named(name).items():
        response.headers[header] = value
    return response


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def _in_language(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """In the language and the time zone of now: the middleware resets both before the later pieces are made."""
    language, zone = translation.get_language() or "en", timezone.get_current_timezone()
    while True:
        with translation.override(language), timezone.override(zone):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
