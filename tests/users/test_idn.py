"""An e-mail's domain is the same in Unicode and in punycode."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from bikerental.notifications.models import RefusedAddress
from bikerental.notifications.selectors import addresses_that_refuse
from bikerental.notifications.services import addresses_purge
from bikerental.users.models import User
from bikerental.users.selectors import user_of_email
from tests.factories import NOON, PASSWORD, make_user
from tests.users.calls import REGISTER, TOKEN, field_errors, registration

pytestmark = pytest.mark.django_db
LETTERS = "rider@пример.рф"
PUNYCODE = "rider@xn--e1afmkfd.xn--p1ai"
BOTH = pytest.mark.parametrize("typed", [LETTERS, PUNYCODE, "Rider@Пример.РФ"])


def make_old_user(**fields: object) -> User:
    """An older account, with the domain as it was typed."""
    user = make_user(**fields)
    User.objects.filter(pk=user.pk).update(email=LETTERS)
    return user


def migrate() -> None:
    with connection.schema_editor() as editor:
        for app, number in (("users", "0006"), ("notifications", "0007")):
            migration = import_module(f"bikerental.{app}.migrations.{number}_one_spelling_of_domains")
            migration.respell(apps, editor)


@BOTH
@pytest.mark.parametrize("registered", [LETTERS, PUNYCODE])
def test_one_registers_once_and_logs_in_with_either(anonymous: APIClient, registered: str, typed: str) -> None:
    assert anonymous.post(REGISTER, registration(email=registered)).status_code == 201

    assert field_errors(anonymous.post(REGISTER, registration(email=typed))) == [("email", "email_taken")]
    assert anonymous.post(TOKEN, {"email": typed, "password": PASSWORD}).status_code == 200


@BOTH
def test_an_account_of_before_is_found_and_its_e_mail_is_taken(anonymous: APIClient, typed: str) -> None:
    make_old_user()

    assert anonymous.post(TOKEN, {"email": typed, "password": PASSWORD}).status_code == 200
    assert field_errors(anonymous.post(REGISTER, registration(email=typed))) == [("email", "email_taken")]


def test_an_address_too_long_in_punycode_is_refused(anonymous: APIClient) -> None:
    email = "r" * 60 + "@" + ".".join(["ж" * 40] * 4) + ".example"
    root = make_user(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(root)
    form = {"email": email, "name": "Root", "language": "en"}

    assert field_errors(anonymous.post(REGISTER, registration(email=email))) == [("email", "max_length")]
    assert browser.post(f"/admin/users/user/{root.pk}/change/", form).status_code == 200
    assert list(User.objects.values_list("email")) == [(root.email,)]


@BOTH
def test_operators_type_and_search_either(typed: str) -> None:
    root, rider = make_user(is_staff=True, is_superuser=True), make_user()
    browser = Client()
    browser.force_login(root)
    form = {"email": typed, "name": "Rider", "language": "en"}

    assert browser.post(f"/admin/users/user/{rider.pk}/change/", form).status_code == 302

    rider.refresh_from_db()
    assert rider.email == PUNYCODE
    found = browser.get("/admin/users/user/", {"q": typed}).context["cl"].result_list
    assert list(found) == [rider]


def test_the_migration_gives_old_rows_their_one_spelling() -> None:
    old, other = make_old_user(), make_user(email="вело@example.org")
    RefusedAddress.objects.create(email=LETTERS, reason="bounced")

    migrate()
    migrate()

    assert dict(User.objects.values_list("pk", "email")) == {old.pk: PUNYCODE, other.pk: "вело@example.org"}
    assert RefusedAddress.objects.get().email == PUNYCODE
    assert addresses_purge(now=NOON) == 0
    assert addresses_that_refuse(emails=[LETTERS]) == {PUNYCODE}


def test_the_migration_keeps_two_accounts_of_one_mailbox() -> None:
    old, new = make_old_user(), make_user(email=PUNYCODE)
    for email in (LETTERS, PUNYCODE):
        RefusedAddress.objects.create(email=email, reason="bounced")

    migrate()

    assert dict(User.objects.values_list("pk", "email")) == {old.pk: LETTERS, new.pk: PUNYCODE}
    assert user_of_email(email=LETTERS) == new
    assert addresses_that_refuse(emails=[LETTERS]) == {PUNYCODE}
