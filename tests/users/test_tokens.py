"""The claims of tokens, and which tokens are accepted."""

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from bikerental.users.exceptions import TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.services import (
    access_claims,
    session_refresh,
    session_start,
    token_verify,
    tokens,
)
from bikerental.users.types import TokenClaims, TokenPair
from tests.factories import PASSWORD, make_user

HOME = "192.0.2.10"

pytestmark = pytest.mark.django_db


def log_in(rider: User, *, password: str = PASSWORD) -> TokenPair:
    return session_start(email=rider.email, password=password, address=HOME, now=timezone.now())


def payload_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_tokens_say_who_which_session_and_until_when() -> None:
    rider = make_user()
    now = timezone.now().replace(microsecond=0)

    tokens = session_start(email=rider.email, password=PASSWORD, address=HOME, now=now)

    session = Session.objects.get(user=rider)
    access, refresh = payload_of(tokens.access), payload_of(tokens.refresh)
    assert refresh == {
        "token_type": "refresh",
        "sub": str(rider.pk),
        "sid": str(session.pk),
        "jti": session.refresh_id.hex,
        "exp": int((now + timedelta(days=30)).timestamp()),
        "aud": "bikerental-api",
        "iss": "bikerental",
    }
    del access["jti"]
    assert access == {
        "token_type": "access",
        "sub": str(rider.pk),
        "sid": str(session.pk),
        "exp": int((now + timedelta(minutes=15)).timestamp()),
        "aud": "bikerental-api",
        "iss": "bikerental",
    }
    assert session.expires_at == now + timedelta(days=30)


def forge(claims: dict[str, Any], *, key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, settings.SIMPLE_JWT["SIGNING_KEY"] if key is None else key, algorithm=algorithm)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": 10**30},
        {"exp": "soon"},
        {"exp": None},
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "another-issuer"},
        {"iss": None},
        {"sub": "7"},
        {"sub": None},
        {"sub": 7},
        {"sid": "x"},
        {"sid": None},
        {"sid": []},
        {"jti": None},
        {"jti": "x"},
        {"token_type": "refresh"},
        {"token_type": "sliding"},
        {"token_type": None},
    ],
    ids=str,
)
def test_a_signed_token_with_a_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    payload = payload_of(log_in(make_user()).access)
    assert access_claims(forge(payload)) is not None
    changed = {name: value for name, value in (payload | changes).items() if value is not None}

    with pytest.raises(TokenInvalidError):
        access_claims(forge(changed))


def deep(nesting: int) -> str:
    header = jwt.utils.base64url_encode(b'{"alg":' + b"[" * nesting).decode()
    return f"{header}.e30.e30"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b.c", "é.ü.ß", "\x00", "e30.e30.e30", deep(1400), deep(500_000), "x" * 1_000_000],
    ids=lambda text: text[:12],
)
def test_a_malformed_access_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalidError):
        access_claims(text)


def test_verifying_tells_a_spent_refresh_token() -> None:
    tokens = log_in(make_user())
    token_verify(token=tokens.refresh)
    session_refresh(refresh=tokens.refresh, now=timezone.now())

    with pytest.raises(TokenInvalidError):
        token_verify(token=tokens.refresh)


def test_a_verified_token_is_verified_once_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = tokens._claims

    def count(kind: Any, text: str) -> TokenClaims:
        verified.append(text)
        return verify(kind, text)

    monkeypatch.setattr(tokens, "_claims", count)
    access = log_in(make_user()).access
    known = tokens.VerifiedTokens(limit=2)

    first = known.claims_of(access)

    assert known.claims_of(access) == first
    assert verified == [access]
    monkeypatch.setattr(tokens.time, "time", lambda: first.expires_at)
    known.claims_of(access)
    assert verified == [access, access]


def test_an_expired_token_is_refused_although_it_was_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    rider = make_user()
    session = Session.objects.get(pk=payload_of(log_in(rider).access)["sid"])
    short = tokens.access_token_issue(
        user_id=rider.pk, session_id=session.pk, now=timezone.now(), lifetime=timedelta(seconds=1.5)
    )
    access_claims(short)

    time.sleep(2)

    with pytest.raises(TokenInvalidError):
        access_claims(short)


def test_a_crowd_of_tokens_takes_no_more_memory_than_the_limit() -> None:
    rider = make_user()
    known = tokens.VerifiedTokens(limit=2)

    for access in [log_in(rider).access for _ in range(4)]:
        known.claims_of(access)

    assert len(known._claims) == 2


def test_a_token_that_is_refused_is_not_kept() -> None:
    known = tokens.VerifiedTokens(limit=2)

    with pytest.raises(TokenInvalidError):
        known.claims_of("made.up.token")

    assert len(known._claims) == 0
