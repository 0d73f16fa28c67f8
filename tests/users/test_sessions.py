from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.core.work import purging
from bikerental.users.exceptions import CredentialsInvalidError, PasswordWrongError, TokenInvalidError
from bikerental.users.models import Session, User
from bikerental.users.selectors import user_of_session
from bikerental.users.services import (
    access_claims,
    accounts_close,
    password_change,
    session_end,
    session_start,
    sessions_end,
    sessions_purge,
    token_verify,
)
from bikerental.users.services import sessions as sessions_module
from bikerental.users.types import TokenPair
from tests.factories import NOON, PASSWORD, make_user
from tests.support.threads import at_once

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

    assert sessions_end(user_ids=[rider.pk], now=timezone.now(), keep=session_id_of(kept)) == 1
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
    assert len([query for query in queries if f'DELETE FROM "{Session._meta.db_table}"' in query["sql"]]) == 2


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
    """The password was correct a moment ago, but the account has changed since."""
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

    assert at_once(run, times=2) == ["refused", "changed"]
    assert Session.objects.filter(user=rider).exclude(pk=session_id).count() == 0


@pytest.mark.django_db(transaction=True)
def test_one_of_two_password_changes_at_once_counts() -> None:
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

    outcomes = at_once(change, times=2)

    assert sorted(outcomes)[1] == "refused"
    rider.refresh_from_db()
    assert rider.check_password(min(outcomes))
    assert Session.objects.filter(ended_at=None).count() == 1
