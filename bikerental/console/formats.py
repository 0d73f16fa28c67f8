"""Reads CSV files as spreadsheets write them: any of three encodings and three separators."""

import codecs
import csv
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from io import StringIO

from django.utils.translation import gettext as _

from bikerental.console.constants import FILE_BYTES_MAX, FILE_LINES_MAX
from bikerental.console.types import Fault, Line, Table
from bikerental.core.sheets import plain_cell

SEPARATORS = ",;\t"
ENCODINGS = ("utf-8", "cp1251")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class _UnreadableError(Exception):
    """Carries the fault of the whole file."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.fault = Fault(text, line)


def read_table(data: bytes, *, columns: Collection[str], needed: Collection[str]) -> Table:
    """The table with all its faults. The work grows with the file, and a file that is too large is not read.

    :param columns: those that the file may have
    :param needed: those that it must have
    """
    try:
        lines = list(_lines(data, columns))
    except _UnreadableError as error:
        return Table((), (), [error.fault])
    names = [name.strip().lower() for name in lines[0].cells]
    while names and not names[-1]:  # a spreadsheet's empty columns
        names.pop()
    if faults := _faults_of_header(names, columns, needed):
        return Table(names, (), [fault._replace(line=lines[0].number) for fault in faults])
    body, faults = [], []
    for line in lines[1:]:
        cells = _fitted(line.cells, len(names))
        if len(cells) == len(names):
            body.append(Line(line.number, cells))
        else:
            text = _("This line has %(cells)d cells, and the first line has %(names)d.")
            faults.append(Fault(text % {"cells": len(cells), "names": len(names)}, line.number))
    if not lines[1:]:
        faults.append(Fault(_("The file has only its first line, with the names of the columns.")))
    return Table(names, body, faults)


def _text(data: bytes) -> str:
    if len(data) > FILE_BYTES_MAX:
        raise _UnreadableError(too_large())
    marked = [encoding for mark, encoding in MARKS.items() if data.startswith(mark)]
    for encoding in marked or ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise _UnreadableError(_("This is no text in UTF-8 or Windows-1251. Save it as CSV in one of these encodings."))


def too_large() -> str:
    text = _("The file is larger than %(size)d MiB. Split it: each part needs the first line.")
    return text % {"size": FILE_BYTES_MAX // 1024**2}


def _separator(text: str, columns: Collection[str]) -> str:
    """The one that makes the most known columns of the first line."""
    first = text.lstrip("\r\n").partition("\n")[0]
    known = {
        separator: sum(name.strip().strip('"').lower() in columns for name in first.split(separator))
        for separator in SEPARATORS
    }
    return max(SEPARATORS, key=lambda separator: known[separator])


def _lines(data: bytes, columns: Collection[str]) -> Iterator[Line]:
    """The lines that have a cell which is not empty, at least one. A line may go over several rows of the file."""
    text = _text(data)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_separator(text, columns), strict=True)
    count = 0
    while True:
        begun = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise _UnreadableError(
                _("From this line on the file is no CSV: a quotation mark is not closed."), begun
            ) from error
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > FILE_LINES_MAX + 1:
            many = _("The file has more than %(count)d lines. Split it: each part needs the first line.")
            raise _UnreadableError(many % {"count": FILE_LINES_MAX})
        yield Line(begun, [plain_cell(cell).strip() for cell in cells])
    if not count:
        raise _UnreadableError(_("The file is empty."))


def _fitted(cells: Sequence[str], length: int) -> Sequence[str]:
    """Without the empty cells at the end that no column names."""
    rest = cells[length:]
    return cells[:length] if not any(rest) else cells


def _faults_of_header(names: Sequence[str], columns: Collection[str], needed: Collection[str]) -> list[Fault]:
    known = {"known": ", ".join(columns)}
    faults = [
        Fault(_("There is no column “%(name)s”. The columns are: %(known)s.") % {"name": name[:40], **known})
        for name in names
        if name not in columns
    ]
    faults += [
        Fault(_("The column “%(name)s” is there twice.") % {"name": name})
        for name, count in Counter(names).items()
        if count > 1 and name in columns
    ]
    faults += [
        Fault(_("The column “%(name)s” is missing. The columns are: %(known)s.") % {"name": name, **known})
        for name in needed
        if name not in names
    ]
    return faults
