"""CSV files that spreadsheets and programs open. Every CSV file with texts of people is written here.

A spreadsheet runs a cell that begins with one of some characters, and a formula can send the sheet to a stranger. An
apostrophe before it makes the cell text. Reading takes exactly one such apostrophe off, so that a file that is written
and read again has the same texts.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from django.utils import timezone

PIECE_LENGTH = 32 * 1024  # characters, so that a long file is sent in few pieces
BYTE_ORDER_MARK = "\ufeff"  # without it, a spreadsheet takes UTF-8 for another encoding
_FORMULA = re.compile(r"\A(?:[\s']*[=+\-@\uff0b\uff0d\uff1d\uff20]|'*[\t\r\n])")


def safe_cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """The text of a cell that `safe_cell` wrote."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def sheet_pieces(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces: UTF-8 with a byte order mark, commas between the cells.

    :param rows: the first one has the names of the columns
    """
    text = StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_written(value) for value in row])
        if text.tell() >= PIECE_LENGTH:
            yield _emptied(text)
    yield _emptied(text)


def _emptied(text: StringIO) -> bytes:
    """What the buffer holds. The buffer is empty afterwards."""
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


def _written(value: Any) -> Any:
    """Numbers stay numbers: a negative one is no formula. Times are those of the city, with their offset."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return safe_cell(str(value))
