"""Log in, stay logged in, log out."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.sessions.models import Session as BrowserSession
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from bikerental.core.db.statements import SqlStatement
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.work.purging import rows_purge
from bikerental.users.exceptions import CodeInvalidError, CredentialsInvalidError, TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.selectors import user_of_email
from bikerental.users.services.guessing import guess_admit, guess_succeeded
from bikerental.users.services.passwords import password_hash_in_vain, password_rehash
from bikerental.users.services.second_factor import second_factor_match
from bikerental.users.services.tokens import (
    REFRESH_LIFETIME,
    access_issue,
    refresh_claims,
    refresh_id_after,
    tokens_issue,
)
from bikerental.users.types import TokenClaims, TokenPair, email_normalise, password_normalise

# If the user's row is locked, this waits, then looks at the row anew.
INSERT_FOR_OPEN_ACCOUNT = SqlStatement("""
    INSERT INTO users_session (id, created_at, user_id, refresh_id, refreshed_at, expires_at, second_factor_id)
    SELECT
        %(id)s::uuid, %(created_at)s::timestamptz, id, %(refresh_id)s::uuid,
        %(refreshed_at)s::timestamptz, %(expires_at)s::timestamptz, %(second_factor_id)s::int
    FROM users_user WHERE id = %(user_id)s AND is_active AND password = %(password)s
    FOR NO KEY UPDATE
""")


def credentials_check(*, email: str, password: str, address: str, now: datetime, code: str = "") -> User:
    """The user whose e-mail and password these are, and whose authenticator gave the code, if there is one.

    An unknown address and a closed account cost as many hashes as a wrong password does: neither
    the answer nor its time tells which it was. That is one, and two where the password was typed in
    another form than the normalised one. A wrong code counts as a wrong password does.

    :raises CredentialsInvalidError: whatever is wrong
    :raises CodeInvalidError: the same, where a code was given
    :raises ThrottledError: while earlier failures delay
    """
    refused = CodeInvalidError if code else CredentialsInvalidError
    email = email_normalise(email)
    guess_admit(email=email, address=address, now=now)
    user = user_of_email(email=email)
    if user is None:
        password_hash_in_vain(password)
        raise refused
    form = user.password_form(password)
    if form is None or not user.is_active:
        raise refused
    if code:
        user.second_factor_id = second_factor_match(user=user, code=code)
        if user.second_factor_id is None:
            raise refused
    guess_succeeded(email=email, address=address, now=now)
    if form != password_normalise(password):
        password_rehash(user=user, password=password)
    return user


def session_start(*, email: str, password: str, address: str, now: datetime, code: str = "") -> TokenPair:
    """Log in: a session of its own for each device. With a code it also opens the operators' calls.

    :raises CredentialsInvalidError, CodeInvalidError, ThrottledError: as `credentials_check`
    """
    user = credentials_check(email=email, password=password, code=code, address=address, now=now)
    session = _session_insert(user=user, now=now)
    return tokens_issue(
        user_id=user.pk,
        session_id=session.pk,
        refresh_id=session.refresh_id,
        refresh_until=session.expires_at,
        now=now,
    )


def _session_insert(*, user: User, now: datetime) -> Session:
    """Locks the user: a password change or a closing at this moment either ends this session with
    the others, or keeps it from starting. One statement."""
    session = _session_of(user.pk, now=now, lifetime=REFRESH_LIFETIME)
    is_open = INSERT_FOR_OPEN_ACCOUNT.run(
        id=session.pk,
        created_at=session.created_at,
        user_id=user.pk,
        password=user.password,
        refresh_id=session.refresh_id,
        refreshed_at=session.refreshed_at,
        expires_at=session.expires_at,
        second_factor_id=user.second_factor_id,
    )
    if not is_open:
        raise CredentialsInvalidError
    return session


def accesses_issue(*, user_ids: Collection[UUID], lifetime: timedelta, now: datetime) -> list[str]:
    """Access tokens for users without their passwords, a session each: for load tests."""
    sessions = [_session_of(user_id, now=now, lifetime=lifetime) for user_id in user_ids]
    Session.objects.bulk_create(sessions, batch_size=1000)
    return [access_issue(user_id=each.user_id, session_id=each.pk, now=now, lifetime=lifetime) for each in sessions]


def session_refresh(*, refresh: str, now: datetime) -> TokenPair:
    """Spend a refresh token for a new pair.

    One UPDATE compares and swaps the id of the good token, so that of many at once one wins. The
    others, and a phone that lost the answer, get the winner's refresh token again: for
    REFRESH_GRACE_SECONDS after the swap, and until that token is spent itself. A spent token that
    comes back later means that two hold it: the whole session ends. No transaction around the
    statements: the refusal must not take the ending back.

    :raises TokenInvalidError: forged, expired, spent, or of an ended session
    """
    claims = refresh_claims(refresh)
    next_id = refresh_id_after(claims.token_id)
    until = now + REFRESH_LIFETIME
    swapped = _good_sessions(claims, refresh_id=claims.token_id, now=now).update(
        refresh_id=next_id, refreshed_at=now, expires_at=until
    )
    if not swapped:
        lost = _refreshed_just_now(claims, next_id=next_id, now=now)
        if lost is None:
            _end_if_spent(session_id=claims.session_id, refresh_id=claims.token_id, now=now)
            raise TokenInvalidError
        until = lost.expires_at
    return tokens_issue(
        user_id=claims.user_id, session_id=claims.session_id, refresh_id=next_id, refresh_until=until, now=now
    )


def _good_sessions(claims: TokenClaims, *, refresh_id: UUID, now: datetime) -> QuerySet[Session]:
    open_account = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
    return Session.objects.filter(
        Exists(open_account),
        pk=claims.session_id,
        user_id=claims.user_id,
        refresh_id=refresh_id,
        ended_at=None,
        expires_at__gt=now,
    )


def _refreshed_just_now(claims: TokenClaims, *, next_id: UUID, now: datetime) -> Session | None:
    """The session, if its good token is the one after this and is younger than the grace.

    Reads alone: asking again and again makes the grace no longer.
    """
    since = now - timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    return _good_sessions(claims, refresh_id=next_id, now=now).filter(refreshed_at__gt=since).first()


def session_end(*, user_id: UUID, refresh: str, now: datetime) -> None:
    """Log out of the session that the refresh token belongs to. Twice is as good as once.

    :raises TokenInvalidError: forged, or of another user's session
    """
    session_id = refresh_claims(refresh).session_id
    session = Session.objects.filter(pk=session_id, user_id=user_id)
    if not session.update(ended_at=Coalesce("ended_at", Value(now))):
        raise TokenInvalidError


@unit_of_work
def sessions_end(*, user_ids: Collection[UUID], now: datetime, but: UUID | None = None) -> int:
    """End every open session of the users, but for one."""
    sessions = Session.objects.filter(user_id__in=user_ids, ended_at=None)
    if but is not None:
        sessions = sessions.exclude(pk=but)
    return sessions.update(ended_at=now)


def sessions_purge(*, now: datetime) -> int:
    """Forget sessions whose tokens have all expired, and those of the operators' browsers."""
    return rows_purge(Session.objects.filter(expires_at__lt=now)) + rows_purge(
        BrowserSession.objects.filter(expire_date__lt=now)
    )


def _session_of(user_id: UUID, *, now: datetime, lifetime: timedelta) -> Session:
    return Session(user_id=user_id, refresh_id=uuid4(), refreshed_at=now, expires_at=now + lifetime, created_at=now)


def _end_if_spent(*, session_id: UUID, refresh_id: UUID, now: datetime) -> None:
    Session.objects.filter(pk=session_id, ended_at=None).exclude(refresh_id=refresh_id).update(ended_at=now)
