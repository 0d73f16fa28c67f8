"""Who calls: the access token of an open session."""

from uuid import UUID

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from bikerental.users.exceptions import TokenInvalidError
from bikerental.users.models import User
from bikerental.users.selectors import user_of_session
from bikerental.users.services import access_claims


def rider_of(request: Request) -> User:
    """The caller, in a view that lets nobody in without a token."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def session_of(request: Request) -> UUID:
    """The session the caller is logged in with."""
    if not isinstance(request.auth, UUID):
        raise NotAuthenticated
    return request.auth


class SessionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`; `request.auth` is the id of the session.

    One statement a request buys that an ended session and a closed account are out at once,
    not when the token runs out.
    """

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = access_claims(token.strip())
        except TokenInvalidError as error:
            # DRF's own error: only after one of these does it take the caller for nobody, where
            # any other would be raised again by whoever looks at `request.user` next.
            raise AuthenticationFailed from error
        user = user_of_session(user_id=claims.user_id, session_id=claims.session_id)
        if user is None:
            raise AuthenticationFailed
        return user, claims.session_id

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
