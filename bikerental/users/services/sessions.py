"""Log-in, refresh and log-out."""

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
from bikerental.users.services.passwords import password_hash_dummy, password_rehash
from bikerental.users.services.second_factor import second_factor_match
from bikerental.users.services.tokens import (
    REFRESH_LIFETIME,
    access_token_issue,
    refresh_claims,
    refresh_id_after,
    tokens_issue,
)
from bikerental.users.types import TokenClaims, TokenPair, email_normalise, password_normalise

# If the user's row is locked, the statement waits and then reads the row again.
INSERT_FOR_OPEN_ACCOUNT = SqlStatement("""
    INSERT INTO users_session (id, created_at, user_id, refresh_id, refreshed_at, expires_at, second_factor_id)
    SELECT
        %(id)s::uuid, %(created_at)s::timestamptz, id, %(refresh_id)s::uuid,
        %(refreshed_at)s::timestamptz, %(expires_at)s::timestamptz, %(second_factor_id)s::int
    FROM users_user WHERE id = %(user_id)s AND is_active AND password = %(password)s
    FOR NO KEY UPDATE
""")


def credentials_check(*, email: str, password: str, address: str, now: datetime, code: str = "") -> User:
    """The user with this e-mail and password, after a check of the code if one is given.

    An unknown address and a closed account take as many hashes as a wrong password, so neither the answer nor its time
    reveals which it was: one hash, or two if the password was typed in another form than the normalised one. A wrong
    code counts as a wrong password.

    :raises CredentialsInvalidError: whichever of them is wrong
    :raises CodeInvalidError: the same, if a code was given
    :raises ThrottledError: while earlier failures delay
    """
    refused = CodeInvalidError if code else CredentialsInvalidError
    email = email_normalise(email)
    guess_admit(email=email, address=address, now=now)
    user = user_of_email(email=email)
    if user is None:
        password_hash_dummy(password)
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
    """Log in: each device gets a session of its own. A code also gives the session the operators' rights.

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
    """Insert the session of a log-in. Locks the user, so that a password change or a closing at the same time
    either comes first and refuses the session, or ends it together with the user's others. One statement."""
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


def access_tokens_issue(*, user_ids: Collection[UUID], lifetime: timedelta, now: datetime) -> list[str]:
    """Access tokens for users without their passwords, with one session each, for load tests."""
    sessions = [_session_of(user_id, now=now, lifetime=lifetime) for user_id in user_ids]
    Session.objects.bulk_create(sessions, batch_size=1000)
    return [
        access_token_issue(user_id=each.user_id, session_id=each.pk, now=now, lifetime=lifetime) for each in sessions
    ]


def session_refresh(*, refresh: str, now: datetime) -> TokenPair:
    """Exchange a refresh token for a new pair.

    One UPDATE compares and swaps the id of the valid token, so of several at once one wins. The others, and a phone
    that lost the answer, get the winner's refresh token again: for REFRESH_GRACE_SECONDS after the swap, until that
    token is spent itself. If a spent token is used later, two clients have it, and the whole session ends. The
    statements have no transaction around them, because the refusal would roll the ending back.

    :raises TokenInvalidError: if it is forged, expired or spent, or its session has ended
    """
    claims = refresh_claims(refresh)
    next_id = refresh_id_after(claims.token_id)
    until = now + REFRESH_LIFETIME
    swapped = _good_sessions(claims, refresh_id=claims.token_id, now=now).update(
        refresh_id=next_id, refreshed_at=now, expires_at=until
    )
    if not swapped:
        lost = _recently_refreshed(claims, next_id=next_id, now=now)
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


def _recently_refreshed(claims: TokenClaims, *, next_id: UUID, now: datetime) -> Session | None:
    """The session, if its valid token is the one after this and is younger than the grace period.

    It only reads, so repeated requests do not extend the grace period.
    """
    since = now - timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    return _good_sessions(claims, refresh_id=next_id, now=now).filter(refreshed_at__gt=since).first()


def session_end(*, user_id: UUID, refresh: str, now: datetime) -> None:
    """End the session of the refresh token. Idempotent.

    :raises TokenInvalidError: if it is forged, or of another user's session
    """
    session_id = refresh_claims(refresh).session_id
    session = Session.objects.filter(pk=session_id, user_id=user_id)
    if not session.update(ended_at=Coalesce("ended_at", Value(now))):
        raise TokenInvalidError


@unit_of_work
def sessions_end(*, user_ids: Collection[UUID], now: datetime, keep: UUID | None = None) -> int:
    """End every open session of the users, except `keep`."""
    sessions = Session.objects.filter(user_id__in=user_ids, ended_at=None)
    if keep is not None:
        sessions = sessions.exclude(pk=keep)
    return sessions.update(ended_at=now)


def sessions_purge(*, now: datetime) -> int:
    """Delete sessions whose tokens have all expired, and expired browser sessions of operators."""
    return rows_purge(Session.objects.filter(expires_at__lt=now)) + rows_purge(
        BrowserSession.objects.filter(expire_date__lt=now)
    )


def _session_of(user_id: UUID, *, now: datetime, lifetime: timedelta) -> Session:
    return Session(user_id=user_id, refresh_id=uuid4(), refreshed_at=now, expires_at=now + lifetime, created_at=now)


def _end_if_spent(*, session_id: UUID, refresh_id: UUID, now: datetime) -> None:
    Session.objects.filter(pk=session_id, ended_at=None).exclude(refresh_id=refresh_id).update(ended_at=now)
