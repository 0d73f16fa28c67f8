"""CSV files: no cell is a formula, and what was written is read as it was."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikerental.core.sheets import BYTE_ORDER_MARK, PIECE_LENGTH, plain_cell, safe_cell, sheet_pieces

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", "＝1", "＋1", "－1", "＠1"]


def read(pieces: list[bytes]) -> list[list[str]]:
    text = b"".join(pieces).decode()
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@given(st.text(alphabet="'=+-@\t\r\n ab＝") | st.text())
def test_a_text_that_is_written_and_read_is_the_same(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-59.93, "-59.93"),
        (Decimal("-5.00"), "-5.00"),
        (None, ""),
        (True, "true"),
        (datetime(2026, 6, 15, 12, tzinfo=UTC), "2026-06-15T12:00:00+00:00"),
        ('a, "b"\nc', 'a, "b"\nc'),
    ],
)  # fmt: skip
def test_values_are_written_for_programs(value: Any, written: str) -> None:
    assert read(list(sheet_pieces([[value]]))) == [[written]]


def test_a_long_table_comes_in_pieces() -> None:
    rows = [["x" * 100]] * 1000
    pieces = list(sheet_pieces(rows))

    assert read(pieces) == rows
    assert len(pieces) > 100 * 1000 // PIECE_LENGTH
