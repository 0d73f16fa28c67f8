"""`Idempotency-Key`: a repeated request gets the first answer again.

The key and the effect are written in one transaction: either both happened, or neither.
"""

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from bikerental.core.db.columns import Columns
from bikerental.core.db.statements import Select, SqlStatement
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import Kind, Refusal
from bikerental.http.models import IdempotencyKey
from bikerental.http.renderers import to_json
from bikerental.http.services import KEYS_KEPT_FOR

_BARE = re.compile(r"[\x20\x21\x23-\x7e]{1,255}", re.ASCII)
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"', re.ASCII)
_ESCAPED = re.compile(r"\\(.)")


class _Answer(NamedTuple):
    """What is kept of the first response."""

    fingerprint: str
    status: int
    body: memoryview
    location: str
    created_at: datetime


LOCK = SqlStatement("SELECT pg_try_advisory_xact_lock(%(number)s)")
ANSWER = Select(
    Columns(_Answer),
    lambda v: IdempotencyKey.objects.filter(rider_id=v["rider_id"], route=v["route"], key=v["key"]),
    rider_id=UUID,
    route=str,
    key=str,
)
KEEP = SqlStatement("""
    INSERT INTO api_idempotencykey (rider_id, route, key, fingerprint, status, body, location, created_at)
    VALUES (
        %(rider_id)s, %(route)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s, %(location)s, %(created_at)s
    )
""")


class IdempotencyKeyInvalidError(Refusal):
    kind = Kind.INVALID
    code = "idempotency_key_invalid"
    detail = _("Idempotency-Key takes 1 to 255 printable ASCII characters, quoted or bare.")


class IdempotencyKeyReusedError(Refusal):
    kind = Kind.REUSED
    code = "idempotency_key_reused"
    detail = _("This Idempotency-Key came with another body before. Take a new key for a new request.")


class RequestInProgressError(Refusal):
    kind = Kind.CONFLICT
    code = "request_in_progress"
    detail = _("The first request with this Idempotency-Key is still running. Ask again in a moment.")
    retry_after = 1.0


def key_of(request: Request) -> str | None:
    """:raises IdempotencyKeyInvalidError: if it is too long, or has other characters than a key may have"""
    sent: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if sent is None:
        return None
    if quoted := _QUOTED.fullmatch(sent):
        return _ESCAPED.sub(r"\1", quoted[1])
    if _BARE.fullmatch(sent):
        return sent
    raise IdempotencyKeyInvalidError


def answer_once(request: Request, *, rider_id: UUID, route: str, respond: Callable[[], Response]) -> HttpResponse:
    """The response to the request; to a repeated one, the first response again.

    Refusals are not kept: they changed nothing, and the next try may succeed.

    :param route: the method and the path, in which the key is unique for the rider
    :param respond: does the work and makes the response; called at most once for each key
    """
    key = key_of(request)
    if key is None:
        return respond()
    # null means absent, so a body is the same with and without it.
    given = {name: value for name, value in dict(request.data).items() if value is not None}
    fingerprint = sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return _answer_once(rider_id=rider_id, route=route, key=key, fingerprint=fingerprint, respond=respond)


@unit_of_work
def _answer_once(
    *, rider_id: UUID, route: str, key: str, fingerprint: str, respond: Callable[[], Response]
) -> HttpResponse:
    _lock_key(f"{rider_id}\n{route}\n{key}")
    owned = {"rider_id": rider_id, "route": route, "key": key}
    first = ANSWER.first(**owned)
    if first is not None and first.created_at < timezone.now() - KEYS_KEPT_FOR:
        IdempotencyKey.objects.filter(**owned).delete()
        first = None
    if first is not None:
        return _replay(first, fingerprint)
    response = respond()
    KEEP.run(
        **owned,
        fingerprint=fingerprint,
        status=response.status_code,
        body=to_json(response.data),
        location=response.headers.get("Location", ""),
        created_at=timezone.now(),
    )
    return response


def _lock_key(name: str) -> None:
    """Hold the key until the transaction ends.

    :raises RequestInProgressError: while another request holds it
    """
    number = int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
    if LOCK.first(number=number) != (True,):
        raise RequestInProgressError


def _replay(first: _Answer, fingerprint: str) -> HttpResponse:
    if first.fingerprint != fingerprint:
        raise IdempotencyKeyReusedError
    headers = {"Idempotent-Replayed": "true"} | ({"Location": first.location} if first.location else {})
    return HttpResponse(bytes(first.body), status=first.status, content_type="application/json", headers=headers)
