"""Lists in pages over a keyset. A page is one statement that starts at an index entry, so a late page costs no more
than the first. If the list changes meanwhile, no row is repeated or skipped.

    NEWEST_FIRST = ("-created_at", "-id")

    def notes_page(*, owner_id: UUID, page: Page[NoteRow]) -> Page[NoteRow]:
        notes = Note.objects.filter(owner=owner_id).values_list(*NOTE_COLUMNS)
        return page.filled(map(NoteRow._make, page.select(notes)))

An order ends with a unique key, and all its keys go in the same direction. Its names are both fields of the query
and attributes of the row. The API reads the page from the request and renders it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet

R = TypeVar("R")
M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
PART_SIZE = 20_000

Order = tuple[str, ...]


class Cursor(NamedTuple):
    """The place after the row with these keys, or before it when going back. Without keys: the start of the list."""

    keys: tuple[Any, ...]
    is_backward: bool = False


class PageShape(NamedTuple):
    """The part of a page that is written into a cached statement. The cursor's keys are the statement's values."""

    order: Order
    limit: int
    has_cursor: bool
    is_backward: bool

    def select(self, rows: QuerySet[M, R], values: Mapping[str, Any]) -> QuerySet[M, R]:
        if self.has_cursor:
            keys = tuple(values[_value_name(name)] for name in self.order)
            rows = rows.filter(after(self.order, Cursor(keys, self.is_backward)))
        return rows.order_by(*(reversed_order(self.order) if self.is_backward else self.order))[: self.limit]


class Page(NamedTuple, Generic[R]):
    """A page of a list. A request gives `order`, `size` and `cursor`; `filled` adds the rows and the other cursors."""

    order: Order
    size: int = PAGE_SIZE
    cursor: Cursor | None = None
    rows: Sequence[R] = ()
    next: Cursor | None = None
    previous: Cursor | None = None

    @property
    def is_backward(self) -> bool:
        return self.cursor is not None and self.cursor.is_backward

    @property
    def limit(self) -> int:
        return _limit(self.size)

    @property
    def shape(self) -> PageShape:
        return PageShape(self.order, statement_limit(self.limit), self.cursor is not None, self.is_backward)

    @property
    def values(self) -> dict[str, Any]:
        """The keys of the cursor by name, `cursor_id` for `-id`."""
        if self.cursor is None:
            return {}
        return {_value_name(name): key for name, key in zip(self.order, self.cursor.keys, strict=True)}

    def select(self, rows: QuerySet[M, Any]) -> QuerySet[M, Any]:
        """The rows of the page and the one after it, if there is one. `filled` takes them."""
        return self.shape._replace(limit=self.limit).select(rows, self.values)

    def filled(self, found: Iterable[R]) -> "Page[R]":
        """The page with these rows, which are in the direction of the page. Rows beyond its limit are ignored."""
        rows, has_more = self.cut(found)
        has_next, has_previous = (True, has_more) if self.is_backward else (has_more, self.cursor is not None)
        # If all rows before the cursor have gone, the list goes on from the start.
        following = Cursor(self._keys(rows[-1]) if rows else ()) if has_next else None
        previous = Cursor(self._keys(rows[0]), is_backward=True) if rows and has_previous else None
        return Page(self.order, self.size, self.cursor, rows, following, previous)

    def cut(self, found: Iterable[R]) -> tuple[list[R], bool]:
        """The page's rows in the order of the list, and whether more were found. For a page with cursors of its own."""
        rows = list(islice(found, self.limit))
        has_more = len(rows) > self.size
        del rows[self.size :]
        if self.is_backward:
            rows.reverse()
        return rows, has_more

    def _keys(self, row: R) -> tuple[Any, ...]:
        return tuple(getattr(row, name.removeprefix("-")) for name in self.order)


def statement_limit(limit: int) -> int:
    """The limit to write into a cached statement. There are only two, so that not every page size makes a statement.

    The caller cuts the result to the wanted size.
    """
    return _limit(PAGE_SIZE if limit <= _limit(PAGE_SIZE) else PAGE_SIZE_MAX)


def after(order: Order, cursor: Cursor) -> Q:
    """The rows beyond the cursor in its direction: (a, b) > (x, y), written so that an index serves it."""
    condition = Q()
    equal = Q()
    for name, key in zip(order, cursor.keys, strict=True):
        comparison = "lt" if name.startswith("-") != cursor.is_backward else "gt"
        field = name.removeprefix("-")
        condition |= equal & Q(**{f"{field}__{comparison}": key})
        equal &= Q(**{field: key})
    first, key = order[0], cursor.keys[0]
    bound = "lte" if first.startswith("-") != cursor.is_backward else "gte"
    # Implied by the rest, but without it the planner does not see where in the index to start.
    return Q(**{f"{first.removeprefix('-')}__{bound}": key}) & condition


def reversed_order(order: Order) -> Order:
    """The reversed order, for a page that goes back."""
    return tuple(name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order)


def _limit(size: int) -> int:
    return size + 1  # one more row shows whether there is another page


def _value_name(name: str) -> str:
    return f"cursor_{name.removeprefix('-')}"


def rows_in_pages(rows: QuerySet[Any, dict[str, Any]], *, key: str = "id") -> Iterator[list[dict[str, Any]]]:
    """All the rows, by primary key. They are `values()` that include it."""
    return pages_after(
        lambda last: list((rows if last is None else rows.filter(pk__gt=last[key])).order_by("pk")[:PAGE_SIZE_MAX])
    )


def pages_after(read: Callable[[R | None], list[R]], *, size: int = PAGE_SIZE_MAX) -> Iterator[list[R]]:
    """A whole list in pages. It needs no server-side cursor, which a pooler would lose, and no long transaction.

    :param read: returns up to `size` rows after the given one, or the first ones for None
    """
    last = None
    while True:
        page = read(last)
        if page:
            yield page
            last = page[-1]
        if len(page) < size:
            return


def rows_in_order(rows: QuerySet[Any, R], order: Order) -> Iterator[R]:
    """All the rows, a page at a time."""
    page: Page[R] = Page(order, PAGE_SIZE_MAX)
    while True:
        page = page.filled(page.select(rows))
        yield from page.rows
        if page.next is None:
            return
        page = Page(order, PAGE_SIZE_MAX, page.next)


def rows_in_parts(
    rows: QuerySet[Any, Any], *, along: QuerySet[Any, Any], key: str = "pk"
) -> Iterator[QuerySet[Any, Any]]:
    """The rows in parts, so that no statement reads a whole large table.

    A part has the rows of a range of the key, in which `along` has PART_SIZE rows. If the key has an index, the length
    of a statement does not depend on the size of the table. Each part costs one more statement, which finds its end.
    """
    keys = along.order_by(key).values_list(key, flat=True)
    later = Q()
    while end := list(keys.filter(later)[PART_SIZE - 1 : PART_SIZE]):
        yield rows.filter(later, **{f"{key}__lte": end[0]})
        later = Q(**{f"{key}__gt": end[0]})
    yield rows.filter(later)
