"""Cursor pages over a keyset: a page is one statement that starts at an index entry, however
deep it lies, and a changing list neither repeats nor skips a row.

    paginate(request, rentals, order=("-started_at", "-id"), row=RentalRow, render=rental_json)

The order ends in a unique key and goes one way; its names are both fields of the query and
attributes of the row.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
_SIGNATURE_BYTES = 12
_CURSOR_LENGTH_MAX = 1000

_TAGS: dict[type, str] = {datetime: "t", UUID: "u", str: "s", float: "f", int: "i"}
_READERS: dict[str, Callable[[Any], Any]] = {
    "t": datetime.fromisoformat,
    "u": UUID,
    "s": str,
    "f": float.fromhex,
    "i": int,
}


class Cursor(NamedTuple):
    """After (or, going back, before) the row whose keys these are."""

    keys: tuple[Any, ...]
    is_backward: bool = False

    def encode(self, path: str) -> str:
        payload = orjson.dumps([self.is_backward, [_tagged(key) for key in self.keys]])
        return base64.urlsafe_b64encode(_signature(path, payload) + payload).rstrip(b"=").decode()


def cursor_decode(text: str, path: str) -> Cursor:
    """:raises ValidationError: unless we made it, for this list"""
    try:
        raw = base64.urlsafe_b64decode(text[:_CURSOR_LENGTH_MAX].encode() + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise _cursor_refused() from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(path, payload)):
        raise _cursor_refused()
    is_backward, keys = orjson.loads(payload)
    return Cursor(tuple(_READERS[tag](value) for tag, value in keys), is_backward)


def paginate(
    request: Request,
    queryset: QuerySet[Any, Any],
    *,
    order: Sequence[str],
    row: Callable[[Any], Any],
    render: Callable[[Any], dict[str, Any]],
) -> Response:
    """The page that the request asks for. One statement.

    :param row: makes the row, with the order's attributes, from what the queryset yields
    :raises ValidationError: for a forged cursor or an odd page_size
    """
    size = page_size_of(request)
    cursor = cursor_of(request, order)
    is_backward = cursor is not None and cursor.is_backward
    if cursor is not None:
        queryset = queryset.filter(after(order, cursor))
    found = [row(values) for values in queryset.order_by(*(turned(order) if is_backward else order))[: size + 1]]
    return page_response(request, found, order=order, size=size, cursor=cursor, render=render)


def page_response(
    request: Request,
    found: list[Any],
    *,
    order: Sequence[str],
    size: int,
    cursor: Cursor | None,
    render: Callable[[Any], dict[str, Any]],
) -> Response:
    """A page of what was found: up to one row more than fits, in the direction of the cursor."""
    is_backward = cursor is not None and cursor.is_backward
    has_more = len(found) > size
    rows = found[:size]
    if is_backward:
        rows.reverse()
    next_cursor = previous_cursor = None
    if rows and (has_more or is_backward):
        next_cursor = Cursor(_keys(rows[-1], order))
    elif is_backward:
        next_cursor = Cursor(())  # all before it have gone: on from the start
    if rows and (has_more if is_backward else cursor is not None):
        previous_cursor = Cursor(_keys(rows[0], order), is_backward=True)
    return Response(
        {
            "next": _url(request, next_cursor),
            "previous": _url(request, previous_cursor),
            "results": [render(found_row) for found_row in rows],
        }
    )


def page_size_of(request: Request) -> int:
    text = request.query_params.get("page_size")
    if text is None:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= PAGE_SIZE_MAX):
        message = _("Give a whole number from 1 to %(maximum)d.") % {"maximum": PAGE_SIZE_MAX}
        raise ValidationError({"page_size": [message]}, code="invalid")
    return int(text)


def cursor_of(request: Request, order: Sequence[str]) -> Cursor | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    cursor = cursor_decode(text, request.path)
    if len(cursor.keys) != len(order):
        raise _cursor_refused()
    return cursor


def after(order: Sequence[str], cursor: Cursor) -> Q:
    """The rows behind the cursor's, in its direction: (a, b) > (x, y), spelled for an index."""
    condition = Q()
    equal = Q()
    for name, key in zip(order, cursor.keys, strict=True):
        comparison = "lt" if name.startswith("-") != cursor.is_backward else "gt"
        field = name.removeprefix("-")
        condition |= equal & Q(**{f"{field}__{comparison}": key})
        equal &= Q(**{field: key})
    first, key = order[0], cursor.keys[0]
    bound = "lte" if first.startswith("-") != cursor.is_backward else "gte"
    # Implied by the rest; without it the planner does not see where in the index to start.
    return Q(**{f"{first.removeprefix('-')}__{bound}": key}) & condition


def limit_written(limit: int) -> int:
    """The limit to write into a statement that is kept: one of two, so that not every page size asks for
    a statement of its own. The caller cuts what is too much."""
    return PAGE_SIZE + 1 if limit <= PAGE_SIZE + 1 else PAGE_SIZE_MAX + 1


def turned(order: Sequence[str]) -> list[str]:
    """The order the other way round, for a page that goes back."""
    return [name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order]


def _keys(row: Any, order: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, name.removeprefix("-")) for name in order)


def _url(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    parameters = request.query_params.dict() | {"cursor": cursor.encode(request.path)}
    if not cursor.keys:
        del parameters["cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode(parameters)}")


def _tagged(key: Any) -> list[Any]:
    tag = _TAGS[type(key)]
    if tag == "f":
        return [tag, key.hex()]  # to the last bit
    return [tag, key.isoformat() if tag == "t" else key if tag == "i" else str(key)]


def _signature(path: str, payload: bytes) -> bytes:
    secret = settings.SECRET_KEY.encode()
    return hmac.digest(secret, b"cursor\n" + path.encode() + b"\n" + payload, sha256)[:_SIGNATURE_BYTES]


def _cursor_refused() -> ValidationError:
    return ValidationError(
        {"cursor": [_("This cursor was not made for this list; start without one.")]}, code="invalid"
    )
