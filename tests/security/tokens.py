"""Bad tokens, each made from a good one and bad in its own way."""

import time
from collections.abc import Callable
from typing import Any

import jwt
from django.conf import settings

from bikerental.users.models import User
from tests.clients import RiderClient


def _resigned(token: str, *, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return jwt.encode(claims, settings.SIMPLE_JWT["SIGNING_KEY"] if key is None else key, algorithm=algorithm)


def _expired(client: RiderClient) -> str:
    return _resigned(client.tokens.access, exp=int(time.time()) - 1)


def _forged(client: RiderClient) -> str:
    """The rider's claims are replaced by the operator's. The signature is unchanged."""
    head, _, signature = client.tokens.access.split(".")
    staff = User.objects.filter(is_staff=True).values_list("pk", flat=True)[0]
    body = _resigned(client.tokens.access, sub=str(staff)).split(".")[1]
    return f"{head}.{body}.{signature}"


def _unsigned(client: RiderClient) -> str:
    return _resigned(client.tokens.access, key="", algorithm="none")


def _refresh_as_access(client: RiderClient) -> str:
    return client.tokens.refresh


def _other_key(client: RiderClient) -> str:
    """Signed with the key for cookies instead of the key for tokens."""
    return _resigned(client.tokens.access, key=settings.SECRET_KEY)


def _closed(client: RiderClient) -> str:
    User.objects.filter(pk=client.rider.pk).update(is_active=False)
    return client.tokens.access


def _ended(client: RiderClient) -> str:
    client.rider.sessions.all().delete()
    return client.tokens.access


BAD_TOKENS: dict[str, Callable[[RiderClient], str]] = {
    "closed account": _closed,
    "ended session": _ended,
    "expired": _expired,
    "forged": _forged,
    "alg=none": _unsigned,
    "refresh as access": _refresh_as_access,
    "key swapped": _other_key,
}
