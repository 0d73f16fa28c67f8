"""The JSON Web Tokens of a session: signed, never stored."""

import time
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from uuid import UUID

from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings as jwt_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token, UntypedToken

from bikerental.users.exceptions import TokenInvalidError
from bikerental.users.selectors import session_is_open
from bikerental.users.types import TokenClaims, TokenPair

SESSION_ID_CLAIM = "sid"
REFRESH_LIFETIME: timedelta = jwt_settings.REFRESH_TOKEN_LIFETIME


def tokens_issue(
    *, user_id: UUID, session_id: UUID, refresh_id: UUID, refresh_until: datetime, now: datetime
) -> TokenPair:
    """The pair of a session. The refresh token is the same text for the same ids and `refresh_until`, whatever
    `now` is."""
    refresh = _sign(RefreshToken(), user_id=user_id, session_id=session_id, until=refresh_until)
    refresh[jwt_settings.JTI_CLAIM] = refresh_id.hex
    return TokenPair(access=access_token_issue(user_id=user_id, session_id=session_id, now=now), refresh=str(refresh))


def access_token_issue(*, user_id: UUID, session_id: UUID, now: datetime, lifetime: timedelta | None = None) -> str:
    lifetime = lifetime or jwt_settings.ACCESS_TOKEN_LIFETIME
    return str(_sign(AccessToken(), user_id=user_id, session_id=session_id, until=now + lifetime))


def refresh_id_after(refresh_id: UUID) -> UUID:
    """The id of the refresh token that follows this one. It cannot be guessed without the signing key."""
    digest = salted_hmac(
        "bikerental.refresh", refresh_id.hex, secret=jwt_settings.SIGNING_KEY, algorithm="sha256"
    ).digest()
    return UUID(bytes=digest[:16])


class VerifiedTokens:
    """The claims of access tokens that this process has verified, by the tokens' digests. The oldest are dropped
    first.

    A rider's app sends one token for a quarter of an hour. Verifying it each time would add 0.15 ms to each request.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._claims: OrderedDict[bytes, TokenClaims] = OrderedDict()
        self._lock = Lock()

    def claims_of(self, token: str) -> TokenClaims:
        """:raises TokenInvalidError: as `access_claims`"""
        digest = sha256(token.encode()).digest()
        with self._lock:
            claims = self._claims.get(digest)
            if claims is not None:
                self._claims.move_to_end(digest)
        if claims is None or claims.expires_at <= time.time():
            claims = _claims(AccessToken, token)
            with self._lock:
                self._claims[digest] = claims
                while len(self._claims) > self._limit:
                    self._claims.popitem(last=False)
        return claims


_verified = VerifiedTokens(limit=4096)  # about 2 MiB


def access_claims(token: str) -> TokenClaims:
    """:raises TokenInvalidError: unless it is an access token that we signed and that has not expired"""
    return _verified.claims_of(token)


def refresh_claims(token: str) -> TokenClaims:
    """:raises TokenInvalidError: unless it is a refresh token that we signed and that has not expired"""
    return _claims(RefreshToken, token)


def token_verify(*, token: str) -> None:
    """Check that this is a valid access token or the session's valid refresh token.

    :raises TokenInvalidError: if it is forged, expired or spent, or its session or account has ended
    """
    claims = _claims(UntypedToken, token)
    refresh_id = claims.token_id if claims.kind == RefreshToken.token_type else None
    if not session_is_open(user_id=claims.user_id, session_id=claims.session_id, refresh_id=refresh_id):
        raise TokenInvalidError


def _sign(token: Token, *, user_id: UUID, session_id: UUID, until: datetime) -> Token:
    token[jwt_settings.USER_ID_CLAIM] = str(user_id)
    token[SESSION_ID_CLAIM] = str(session_id)
    # Without `iat`: no code reads it, and PyJWT refuses a token if another machine's clock is ahead of ours.
    del token["iat"]
    token.set_exp(from_time=until, lifetime=timedelta())
    return token


def _claims(kind: type[Token], text: str) -> TokenClaims:
    try:
        token = kind(text)  # type: ignore[arg-type] # the stubs want a token, the code takes its text
        return TokenClaims(
            kind=token[jwt_settings.TOKEN_TYPE_CLAIM],
            user_id=UUID(str(token[jwt_settings.USER_ID_CLAIM])),
            session_id=UUID(str(token[SESSION_ID_CLAIM])),
            token_id=UUID(str(token[jwt_settings.JTI_CLAIM])),
            expires_at=int(token["exp"]),
        )
    except (TokenError, KeyError, ValueError, OverflowError) as error:
        raise TokenInvalidError from error
