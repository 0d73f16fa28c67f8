from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bikerental.core.errors import ThrottledError
from bikerental.users.exceptions import CredentialsInvalidError, EmailTakenError, PasswordWrongError
from bikerental.users.locks import user_lock
from bikerental.users.models import Session, User
from bikerental.users.selectors import user_of_email
from bikerental.users.services import (
    accounts_close,
    accounts_reopen,
    credentials_check,
    password_confirm,
    password_reset,
    session_start,
    user_erase,
    user_register,
)
from tests.factories import NOON, PASSWORD, make_user
from tests.support.threads import at_once

HOME = "192.0.2.10"
ARGON2 = "bikerental.users.hashers.OwaspArgon2PasswordHasher"

pytestmark = pytest.mark.django_db


def register(email: str) -> User:
    return user_register(name="Rider", email=email, password=PASSWORD, language="en", now=NOON)


def test_the_stored_hash_is_argon2id_at_owasps_numbers(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [ARGON2]

    user = register("rider@example.org")

    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password(PASSWORD, user.password)


@pytest.mark.parametrize(
    "again", ["rider@example.org", "RIDER@EXAMPLE.ORG", " rider@example.org ", "ｒider@example.org"]
)
def test_a_taken_email_is_taken_in_every_spelling(again: str) -> None:
    register("Rider@example.org")

    with pytest.raises(EmailTakenError):
        register(again)

    assert list(User.objects.values_list("email", flat=True)) == ["rider@example.org"]


def test_the_database_refuses_what_went_round_the_normalising() -> None:
    make_user(email="rider@example.org")

    with pytest.raises(IntegrityError, match="user_email_unique"), transaction.atomic():
        User.objects.create(email="RIDER@example.org", name="Rider")


def test_another_broken_constraint_is_not_called_a_taken_email() -> None:
    taken = make_user()

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(pk=taken.pk, email="other@example.org", name="Rider")


@pytest.mark.django_db(transaction=True)
def test_two_registrations_at_once_open_one_account() -> None:
    def run(number: int) -> str:
        try:
            register(["rider@example.org", "RIDER@example.org"][number % 2])
        except EmailTakenError:
            return "taken"
        return "opened"

    assert sorted(at_once(run, times=6)) == ["opened"] + ["taken"] * 5
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "look_up",
    [lambda: user_of_email(email="rider@example.org"), lambda: User.objects.get_by_natural_key("rider@example.org")],
)
def test_the_lookup_by_email_uses_the_unique_index(look_up: Callable[[], User | None]) -> None:
    make_user(email="rider@example.org")
    User.objects.bulk_create(User(email=f"rider{number}@example.org", password="!") for number in range(500))
    with CaptureQueriesContext(connection) as queries:
        look_up()
    [query] = queries

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users_user")  # for a table of one row, any index is as cheap as another
        cursor.execute("EXPLAIN " + query["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "user_email_unique" in plan


def test_confirming_the_password_is_guarded_like_a_login() -> None:
    rider = make_user()

    for _ in range(6):
        with pytest.raises(PasswordWrongError) as refusal:
            password_confirm(user=rider, password="wrong", field="password", address=HOME, now=NOON)
        assert (refusal.value.field, refusal.value.field_code) == ("password", "password_wrong")
    with pytest.raises(ThrottledError):
        password_confirm(user=rider, password=PASSWORD, field="password", address=HOME, now=NOON)
    with pytest.raises(ThrottledError):
        credentials_check(email=rider.email, password=PASSWORD, address=HOME, now=NOON)


def test_closing_ends_sessions_and_reopening_restores_none() -> None:
    rider, closed = make_user(), make_user(is_active=False)
    session_start(email=rider.email, password=PASSWORD, address=HOME, now=timezone.now())

    assert accounts_close(user_ids=[rider.pk, closed.pk], now=timezone.now()) == [rider.pk]
    assert Session.objects.filter(ended_at=None).count() == 0
    with pytest.raises(CredentialsInvalidError):
        credentials_check(email=rider.email, password=PASSWORD, address=HOME, now=timezone.now())

    assert accounts_reopen(user_ids=[rider.pk]) == [rider.pk]
    assert Session.objects.filter(ended_at=None).count() == 0
    assert credentials_check(email=rider.email, password=PASSWORD, address=HOME, now=timezone.now()) == rider


def test_resetting_a_password_ends_every_session() -> None:
    rider = make_user()
    session_start(email=rider.email, password=PASSWORD, address=HOME, now=timezone.now())

    password_reset(user_id=rider.pk, encoded=make_password("another-saddle-3"), now=timezone.now())

    assert Session.objects.filter(ended_at=None).count() == 0
    rider.refresh_from_db()
    assert rider.check_password("another-saddle-3")


def erase(user: User) -> User:
    with transaction.atomic():
        locked = user_lock(user_id=user.pk)
        assert locked is not None
        user_erase(user=locked, now=NOON)
    return User.objects.get(pk=user.pk)


def test_erasing_leaves_a_row_with_nobody_in_it() -> None:
    rider = make_user(name="Rider", email="rider@example.org", language="ru", last_login=NOON)
    session_start(email=rider.email, password=PASSWORD, address=HOME, now=timezone.now())

    erased = erase(rider)

    assert erased.email == f"erased-{rider.pk}@erased.invalid"
    assert (erased.name, erased.language, erased.is_active, erased.last_login) == ("", "en", False, None)
    assert (erased.erased_at, erased.created_at) == (NOON, rider.created_at)
    assert not erased.has_usable_password()
    assert Session.objects.count() == 0
    assert user_of_email(email="rider@example.org") is None


def test_the_admins_history_names_nobody() -> None:
    rider, other, operator = make_user(name="Rider"), make_user(name="Other"), make_user(is_staff=True)
    accounts = User.objects.filter(pk__in=[rider.pk, other.pk])
    LogEntry.objects.log_actions(str(operator.pk), accounts, CHANGE, "Closed.")
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {str(rider.pk), str(other.pk)}
    LogEntry.objects.filter(object_id=rider.pk).update(object_repr="Rider")  # as older releases wrote it

    erase(rider)

    names = dict(LogEntry.objects.values_list("object_id", "object_repr"))
    assert names == {str(rider.pk): str(rider.pk), str(other.pk): str(other.pk)}


def test_erasing_an_operator_leaves_no_powers() -> None:
    operator = make_user(is_staff=True, is_superuser=True)
    operator.groups.add(Group.objects.create(name="crew"))
    operator.user_permissions.add(Permission.objects.all()[0])

    erased = erase(operator)

    assert (erased.is_staff, erased.is_superuser) == (False, False)
    assert (erased.groups.count(), erased.user_permissions.count()) == (0, 0)


def test_an_erased_account_stays_closed() -> None:
    erased = erase(make_user())

    assert accounts_reopen(user_ids=[erased.pk]) == []
    password_reset(user_id=erased.pk, encoded=make_password(PASSWORD), now=NOON + timedelta(days=1))
    erased.refresh_from_db()
    assert not erased.has_usable_password()
    with pytest.raises(IntegrityError, match="user_erased_is_inactive"), transaction.atomic():
        User.objects.filter(pk=erased.pk).update(is_active=True)


def test_the_email_of_an_erased_account_is_free_again() -> None:
    erase(make_user(email="rider@example.org"))

    assert register("rider@example.org").is_active
