"""Log in, stay logged in, log out."""

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db.models import Exists, OuterRef
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings as jwt_settings
from rest_framework_simplejwt.tokens import RefreshToken

from bikerental.core.transactions import unit_of_work
from bikerental.users.exceptions import CredentialsInvalidError, TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.services.guessing import guess_admit, guess_succeeded
from bikerental.users.types import TokenPair, email_normalise


def credentials_check(
    *, email: str, password: str, address: str, now: datetime
) -> User:
    """The user whose e-mail and password these are.

    An unknown address and a closed account cost one hash, as a wrong password does: neither the
    answer nor its time tells which it was.

    :raises CredentialsInvalidError: whatever is wrong
    :raises ThrottledError: while earlier failures delay
    """
    email = email_normalise(email)
    guess_admit(email=email, address=address, now=now)
    user = User.objects.filter(email=email).first()
    if user is None:
        make_password(password)
        raise CredentialsInvalidError
    if not user.check_password(password) or not user.is_active:
        raise CredentialsInvalidError
    guess_succeeded(email=email, address=address, now=now)
    return user


def session_start(
    *, email: str, password: str, address: str, now: datetime
) -> TokenPair:
    """Log in: a session of its own for each device.

    :raises CredentialsInvalidError, ThrottledError: as `credentials_check`
    """
    user = credentials_check(email=email, password=password, address=address, now=now)
    session = Session.objects.create(
        user=user,
        refresh_id=uuid4(),
        refreshed_at=now,
        expires_at=now + jwt_settings.REFRESH_TOKEN_LIFETIME,
        created_at=now,
    )
    return tokens_of(session)


def session_refresh(*, refresh: str, now: datetime) -> TokenPair:
    """Spend a refresh token for a new pair.

    One UPDATE compares and swaps the id of the good token, so that of many at once one wins.
    A spent token that comes back means that two hold it: the whole session ends.

    :raises TokenInvalidError: forged, expired, spent, or of an ended session
    """
    session_id, refresh_id = refresh_claims(refresh)
    fresh_id = uuid4()
    expires_at = now + jwt_settings.REFRESH_TOKEN_LIFETIME
    open_account = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
    swapped = Session.objects.filter(
        Exists(open_account),
        pk=session_id,
        refresh_id=refresh_id,
        ended_at=None,
        expires_at__gt=now,
    ).update(refresh_id=fresh_id, refreshed_at=now, expires_at=expires_at)
    if not swapped:
        _end_if_spent(session_id=session_id, refresh_id=refresh_id, now=now)
        raise TokenInvalidError
    return tokens_of(Session.objects.get(pk=session_id, refresh_id=fresh_id))


def session_end(*, user: User, refresh: str, now: datetime) -> None:
    """Log out of the session that the refresh token belongs to.

    :raises TokenInvalidError: forged, or of another user's session
    """
    session_id, _ = refresh_claims(refresh)
    session = Session.objects.filter(pk=session_id, user=user)
    if not session.exists():
        raise TokenInvalidError
    session.filter(ended_at=None).update(ended_at=now)


@unit_of_work
def sessions_end(*, user_id: UUID, now: datetime, but: UUID | None = None) -> int:
    """End every open session of a user, but for one."""
    sessions = Session.objects.filter(user_id=user_id, ended_at=None)
    if but is not None:
        sessions = sessions.exclude(pk=but)
    return sessions.update(ended_at=now)


def sessions_purge(*, now: datetime) -> int:
    """Forget sessions whose tokens have all expired."""
    return Session.objects.filter(expires_at__lt=now).delete()[0]


def tokens_of(session: Session) -> TokenPair:
    token = RefreshToken()
    token[jwt_settings.USER_ID_CLAIM] = str(session.user_id)
    token["sid"] = str(session.pk)
    token[jwt_settings.JTI_CLAIM] = session.refresh_id.hex
    return TokenPair(access=str(token.access_token), refresh=str(token))


def refresh_claims(refresh: str) -> tuple[UUID, UUID]:
    """The session and the id in a refresh token that is signed by us and has not expired."""
    try:
        token = RefreshToken(refresh)  # type: ignore[arg-type] # the stubs want a token, the code takes its text
        return UUID(token["sid"]), UUID(token[jwt_settings.JTI_CLAIM])
    except (TokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise TokenInvalidError from error


def _end_if_spent(*, session_id: UUID, refresh_id: UUID, now: datetime) -> None:
    Session.objects.filter(pk=session_id, ended_at=None).exclude(
        refresh_id=refresh_id
    ).update(ended_at=now)
