"""Reading many rows a page at a time, in the order of their keys.

A statement a page, and nothing in between: no cursor that a pooler would lose, no transaction that a slow
client would hold open, and no more in memory than a page.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

R = TypeVar("R")

PAGE = 200


def rows_in_pages(rows: QuerySet[Any, dict[str, Any]], *, key: str = "id") -> Iterator[list[dict[str, Any]]]:
    """The rows, which are `values()` with the primary key among them."""
    return pages_after(
        lambda last: list((rows if last is None else rows.filter(pk__gt=last[key])).order_by("pk")[:PAGE])
    )


def pages_after(read: Callable[[R | None], list[R]]) -> Iterator[list[R]]:
    """:param read: up to PAGE rows after this one, or the first ones"""
    last = None
    while True:
        page = read(last)
        if page:
            yield page
            last = page[-1]
        if len(page) < PAGE:
            return
