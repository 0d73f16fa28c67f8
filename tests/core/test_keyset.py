"""Pages below HTTP. tests/http/test_pagination.py tests them in requests."""

from typing import NamedTuple

from bikerental.core.db.keyset import Cursor, Page

ORDER = ("-started_at", "id")


class Row(NamedTuple):
    id: int


def test_pages_of_any_size_share_two_shapes() -> None:
    assert {Page(ORDER, size).shape.limit for size in range(1, 51)} == {51}
    assert {Page(ORDER, size).shape.limit for size in range(51, 201)} == {201}


def test_a_shape_has_no_keys_and_a_pages_values_have() -> None:
    page: Page[Row] = Page(ORDER, 10, Cursor(("noon", "first")))

    assert page.shape == Page(ORDER, 20, Cursor(("midnight", "last"))).shape
    assert page.values == {"cursor_started_at": "noon", "cursor_id": "first"}


def test_a_page_takes_its_size_of_what_was_found() -> None:
    found = map(Row, range(1, 7))

    page: Page[Row] = Page(("id",), 2).filled(found)

    assert page.rows == [Row(1), Row(2)]
    assert page.next == Cursor((2,))
    assert list(found) == [Row(4), Row(5), Row(6)]
