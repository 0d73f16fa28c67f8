"""Pages in HTTP: read from a request, rendered as an envelope with signed cursors.

page = read_page(request, order=NEWEST_FIRST)
found = claims_page(rider_id=rider_of(request).pk, page=page)
return render_page(request, found, claim_json)
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.keyset import PAGE_SIZE, PAGE_SIZE_MAX, Cursor, Order, Page

R = TypeVar("R")

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


def read_page(request: Request, *, order: Order) -> Page[Any]:
    """The page that the request asks for. A selector fills it.

    :raises ValidationError: for a forged cursor or an invalid page_size
    """
    query = request.query_params
    return Page(order, _size(query.get("page_size")), read_cursor(request, order=order))


def read_cursor(request: Request, *, order: Order) -> Cursor | None:
    """:raises ValidationError: unless we made it, for this list"""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    cursor = decode_cursor(text, request.path)
    if len(cursor.keys) != len(order):
        raise _cursor_refused()
    return cursor


def render_page(request: Request, page: Page[R], render: Callable[[R], dict[str, Any]]) -> Response:
    return Response(
        {
            "next": page_url(request, page.next),
            "previous": page_url(request, page.previous),
            "results": [render(row) for row in page.rows],
        }
    )


def encode_cursor(cursor: Cursor, path: str) -> str:
    """The cursor as signed text, valid only for the list at this path."""
    payload = orjson.dumps([cursor.is_backward, [_tagged(key) for key in cursor.keys]])
    return base64.urlsafe_b64encode(_signature(path, payload) + payload).rstrip(b"=").decode()


def decode_cursor(text: str, path: str) -> Cursor:
    """:raises ValidationError: unless we signed it for this list"""
    try:
        raw = base64.urlsafe_b64decode(text[:_CURSOR_LENGTH_MAX].encode() + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise _cursor_refused() from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(path, payload)):
        raise _cursor_refused()
    is_backward, keys = orjson.loads(payload)
    return Cursor(tuple(_READERS[tag](value) for tag, value in keys), is_backward)


def _size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= PAGE_SIZE_MAX):
        message = _("Give a whole number from 1 to %(maximum)d.") % {"maximum": PAGE_SIZE_MAX}
        raise ValidationError({"page_size": [message]}, code="invalid")
    return int(text)


def page_url(request: Request, cursor: Cursor | None) -> str | None:
    """The address of the page at the cursor, with the request's own filters."""
    if cursor is None:
        return None
    path = request.path
    parameters = request.query_params.dict() | {"cursor": encode_cursor(cursor, path)}
    if not cursor.keys:
        del parameters["cursor"]
    return request.build_absolute_uri(f"{path}?{urlencode(parameters)}")


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
