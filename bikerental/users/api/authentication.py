"""Authenticates API requests by the access token of an open session."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from bikerental.users.exceptions import TokenInvalidError
from bikerental.users.models import User
from bikerental.users.selectors import user_of_session
from bikerental.users.services import access_claims

WITHOUT_BEARER = _("The header Authorization must be the word Bearer, a space, and the access token.")


def rider_of(request: Request) -> User:
    """The caller, in a view that requires a token."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def session_of(request: Request) -> UUID:
    """The session of the caller's token."""
    if not isinstance(request.auth, UUID):
        raise NotAuthenticated
    return request.auth


class SessionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`. `request.auth` is the id of the session.

    One statement for each request ends access at once when a session ends or an account is closed, not only when the
    token expires.
    """

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            if scheme:
                raise NotAuthenticated(WITHOUT_BEARER)
            return None
        try:
            claims = access_claims(token.strip())
        except TokenInvalidError as error:
            # DRF's own error: after one, DRF treats the caller as anonymous. Any other error would be raised again by
            # the next code that reads `request.user`.
            raise AuthenticationFailed from error
        user = user_of_session(user_id=claims.user_id, session_id=claims.session_id)
        if user is None:
            raise AuthenticationFailed
        return user, claims.session_id

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
