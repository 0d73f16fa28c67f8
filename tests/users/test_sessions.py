from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.users.exceptions import CredentialsInvalidError, PasswordWrongError, TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.selectors import user_of_session
from bikerental.users.services import (
    access_claims,
    accounts_close,
    password_change,
    purging,
    session_end,
    session_refresh,
    session_start,
    sessions_end,
    sessions_purge,
    token_verify,
)
from bikerental.users.services import sessions as sessions_module
from bikerental.users.types import TokenPair
from tests.factories import NOON, PASSWORD, make_user
from tests.users.racing import race

HOME = "192.0.2.10"

pytestmark = pytest.mark.django_db


def log_in(rider: User, *, password: str = PASSWORD) -> TokenPair:
    return session_start(email=rider.email, password=password, address=HOME, now=timezone.now())


def session_id_of(tokens: TokenPair) -> UUID:
    return access_claims(tokens.access).session_id


def is_dead(tokens: TokenPair) -> bool:
    try:
        token_verify(token=tokens.access)
    except TokenInvalidError:
        return True
    return False


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


def test_the_kept_sql_reads_what_the_orm_reads() -> None:
    rider = make_user(name="Ярослава", language="ru", is_staff=True, last_login=NOON)
    session_id = session_id_of(log_in(rider))

    user = user_of_session(user_id=rider.pk, session_id=session_id)

    assert user is not None
    expected = User.objects.get(pk=rider.pk)
    assert {field.attname: getattr(user, field.attname) for field in User._meta.concrete_fields} == {
        field.attname: getattr(expected, field.attname) for field in User._meta.concrete_fields
    }
    assert not user.get_deferred_fields()


def test_the_session_of_another_user_opens_nothing() -> None:
    rider, other = make_user(), make_user()
    session_id = session_id_of(log_in(rider))

    assert user_of_session(user_id=other.pk, session_id=session_id) is None


def test_refreshing_keeps_the_session_and_gives_new_tokens() -> None:
    first = log_in(make_user())

    second = session_refresh(refresh=first.refresh, now=timezone.now())

    assert session_id_of(second) == session_id_of(first)
    assert second.refresh != first.refresh
    assert not is_dead(second)


def test_refreshing_prolongs_the_session() -> None:
    tokens = log_in(make_user())
    later = timezone.now() + timedelta(days=1)

    session_refresh(refresh=tokens.refresh, now=later)

    session = Session.objects.get()
    assert (session.refreshed_at, session.expires_at) == (later, later + timedelta(days=30))


def test_a_spent_refresh_token_ends_the_session() -> None:
    first = log_in(make_user())
    second = session_refresh(refresh=first.refresh, now=timezone.now())

    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=first.refresh, now=timezone.now())

    assert is_dead(second)
    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=second.refresh, now=timezone.now())


def test_a_spent_refresh_token_ends_no_other_session() -> None:
    rider = make_user()
    other = log_in(rider)
    spent = log_in(rider)
    session_refresh(refresh=spent.refresh, now=timezone.now())
    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=spent.refresh, now=timezone.now())

    assert not is_dead(other)


def test_a_closed_account_does_not_refresh() -> None:
    rider = make_user()
    tokens = log_in(rider)
    User.objects.filter(pk=rider.pk).update(is_active=False)

    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=tokens.refresh, now=timezone.now())


def test_an_expired_session_does_not_refresh() -> None:
    tokens = log_in(make_user())
    Session.objects.update(expires_at=timezone.now())

    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=tokens.refresh, now=timezone.now())


def test_a_deleted_session_does_not_refresh() -> None:
    tokens = log_in(make_user())
    Session.objects.all().delete()

    with pytest.raises(TokenInvalidError):
        session_refresh(refresh=tokens.refresh, now=timezone.now())


def test_refreshing_is_one_statement(django_assert_num_queries: Any) -> None:
    tokens = log_in(make_user())

    with django_assert_num_queries(1):
        session_refresh(refresh=tokens.refresh, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_at_once_give_one_pair() -> None:
    tokens = log_in(make_user())

    def refresh(_: int) -> str:
        try:
            session_refresh(refresh=tokens.refresh, now=timezone.now())
        except TokenInvalidError:
            return "refused"
        return "refreshed"

    outcomes = race(refresh, times=20)

    assert sorted(outcomes) == ["refreshed"] + ["refused"] * 19
    assert Session.objects.get().ended_at is not None


def test_logging_out_ends_that_session_alone() -> None:
    rider = make_user()
    kept, ended = log_in(rider), log_in(rider)

    session_end(user_id=rider.pk, refresh=ended.refresh, now=timezone.now())

    assert is_dead(ended)
    assert not is_dead(kept)


def test_logging_out_twice_keeps_the_first_time() -> None:
    rider = make_user()
    tokens = log_in(rider)
    first = timezone.now()
    session_end(user_id=rider.pk, refresh=tokens.refresh, now=first)
    session_end(user_id=rider.pk, refresh=tokens.refresh, now=first + timedelta(hours=1))

    assert Session.objects.get().ended_at == first


def test_another_riders_refresh_token_logs_nobody_out() -> None:
    rider, other = make_user(), make_user()
    tokens = log_in(other)

    with pytest.raises(TokenInvalidError):
        session_end(user_id=rider.pk, refresh=tokens.refresh, now=timezone.now())

    assert not is_dead(tokens)


def test_ending_all_sessions_but_one() -> None:
    rider, other = make_user(), make_user()
    kept, ended, of_other = log_in(rider), log_in(rider), log_in(other)

    assert sessions_end(user_ids=[rider.pk], now=timezone.now(), but=session_id_of(kept)) == 1
    assert (is_dead(kept), is_dead(ended), is_dead(of_other)) == (False, True, False)


def test_the_purge_takes_expired_sessions_alone() -> None:
    rider = make_user()
    log_in(rider)
    old = Session.objects.get()
    Session.objects.filter(pk=old.pk).update(expires_at=NOON - timedelta(seconds=1))
    log_in(rider)

    assert sessions_purge(now=NOON) == 1
    assert Session.objects.exclude(pk=old.pk).count() == 1


def test_the_purge_takes_a_batch_to_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PURGE_BATCH", 2)
    rider = make_user()
    Session.objects.bulk_create(
        Session(user=rider, refresh_id=uuid4(), refreshed_at=NOON, expires_at=NOON) for _ in range(3)
    )
    later = NOON + timedelta(days=1)

    with CaptureQueriesContext(connection) as queries:
        assert sessions_purge(now=later) == 3
    assert len(queries) == 2


@pytest.mark.parametrize(
    "closing",
    [
        pytest.param(lambda rider, **_: accounts_close(user_ids=[rider.pk], now=timezone.now()), id="closing"),
        pytest.param(
            lambda rider, session_id: password_change(
                user=rider,
                session_id=session_id,
                current_password=PASSWORD,
                new_password="another-saddle-3",
                address=HOME,
                now=timezone.now(),
            ),
            id="password change",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_login_that_met_the_old_state_starts_no_session(closing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password was right a moment ago; the account has changed since."""
    rider = make_user()
    session_id = session_id_of(log_in(rider))
    checked, changed = Event(), Event()
    check = sessions_module.credentials_check

    def check_and_wait(**credentials: Any) -> User:
        user = check(**credentials)
        checked.set()
        assert changed.wait(10)
        return user

    monkeypatch.setattr(sessions_module, "credentials_check", check_and_wait)

    def run(number: int) -> str:
        if number:
            assert checked.wait(10)
            closing(User.objects.get(pk=rider.pk), session_id=session_id)
            changed.set()
            return "changed"
        try:
            log_in(rider)
        except CredentialsInvalidError:
            return "refused"
        return "in"

    assert race(run, times=2) == ["refused", "changed"]
    assert Session.objects.filter(user=rider).exclude(pk=session_id).count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_password_changes_at_once_one_counts() -> None:
    rider = make_user()
    sessions = [session_id_of(log_in(rider)) for _ in range(2)]

    def change(number: int) -> str:
        try:
            password_change(
                user=User.objects.get(pk=rider.pk),
                session_id=sessions[number],
                current_password=PASSWORD,
                new_password=f"another-saddle-{number}",
                address=HOME,
                now=timezone.now(),
            )
        except PasswordWrongError:
            return "refused"
        return f"another-saddle-{number}"

    outcomes = race(change, times=2)

    assert sorted(outcomes)[1] == "refused"
    rider.refresh_from_db()
    assert rider.check_password(min(outcomes))
    assert Session.objects.filter(ended_at=None).count() == 1


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
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalidError):
        access_claims(text)


def test_verifying_tells_a_spent_refresh_token() -> None:
    tokens = log_in(make_user())
    token_verify(token=tokens.refresh)
    session_refresh(refresh=tokens.refresh, now=timezone.now())

    with pytest.raises(TokenInvalidError):
        token_verify(token=tokens.refresh)
