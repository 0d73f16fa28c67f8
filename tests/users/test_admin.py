"""What operators can do with accounts, and what they cannot see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from bikerental.users.models import GuessCounter, Session, User
from bikerental.users.services import user_erase
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_user

LIST = "/admin/users/user/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser() -> User:
    return make_user(email="root@example.org", is_staff=True, is_superuser=True)


@pytest.fixture
def operator() -> User:
    """An operator who may only view and change accounts."""
    user = make_user(email="operator@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user", "add_user"]))
    return user


@pytest.fixture
def as_superuser(superuser: User) -> Client:
    return logged_in(superuser)


@pytest.fixture
def as_operator(operator: User) -> Client:
    return logged_in(operator)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, action: str, *users: User) -> int:
    return client.post(LIST, {"action": action, "_selected_action": [str(user.pk) for user in users]}).status_code


def change(client: Client, user: User, **fields: Any) -> int:
    body = {"email": user.email, "name": user.name, "language": user.language} | fields
    return client.post(f"{LIST}{user.pk}/change/", body).status_code


def statements(run: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        run()
    return len(queries)


def test_the_list_takes_the_same_statements_for_every_length(as_superuser: Client) -> None:
    make_user()
    few = statements(lambda: as_superuser.get(LIST))
    for _ in range(30):
        make_user()

    assert statements(lambda: as_superuser.get(LIST)) == few


@pytest.mark.parametrize("query", ["found@example.org", "Finder", "FOUND@"])
def test_accounts_are_found_by_email_and_name(as_superuser: Client, query: str) -> None:
    make_user(email="found@example.org", name="Finder")
    make_user(email="other@example.org", name="Other")

    page = as_superuser.get(LIST, {"q": query}).content.decode()

    assert "found@example.org" in page
    assert "other@example.org" not in page


@pytest.mark.parametrize("query", ["is_active__exact=0", "is_staff__exact=1", "created_at__gte=2026-01-01T00:00:00Z"])
def test_the_filters_answer(as_superuser: Client, query: str) -> None:
    assert as_superuser.get(f"{LIST}?{query}").status_code == 200


def test_no_page_shows_a_hash(as_superuser: Client) -> None:
    rider = make_user()

    pages = [as_superuser.get(f"{LIST}{rider.pk}/{page}/") for page in ("change", "password", "history")]

    assert [page.status_code for page in pages] == [200, 200, 200]
    salt, digest = rider.password.split("$")[-2:]
    for page in pages:
        assert salt not in page.content.decode()
        assert digest not in page.content.decode()


def test_neither_sessions_nor_counters_have_pages() -> None:
    assert not site.is_registered(Session)
    assert not site.is_registered(GuessCounter)


def test_an_open_session_is_counted(as_superuser: Client) -> None:
    rider = RiderClient(make_user()).rider
    Session.objects.create(user=rider, refresh_id=rider.pk, refreshed_at=NOON, expires_at=NOON)

    page = as_superuser.get(f"{LIST}{rider.pk}/change/").content.decode()

    assert '<div class="readonly">1</div>' in page


def test_nothing_can_be_deleted(as_superuser: Client) -> None:
    rider = make_user()

    assert as_superuser.get(f"{LIST}{rider.pk}/delete/").status_code == 403
    assert act(as_superuser, "delete_selected", rider) in {200, 302}
    assert User.objects.filter(pk=rider.pk).exists()


def test_ending_all_sessions(as_operator: Client, operator: User) -> None:
    client, other = RiderClient(make_user()), RiderClient(make_user())

    act(as_operator, "end_sessions", client.rider)

    assert client.get("/api/v1/me/").status_code == 401
    assert other.get("/api/v1/me/").status_code == 200
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(client.rider.pk))


def test_closing_and_reopening_an_account(as_operator: Client) -> None:
    client = RiderClient(make_user())
    rider = client.rider

    act(as_operator, "close_accounts", rider)
    rider.refresh_from_db()
    assert (rider.is_active, client.get("/api/v1/me/").status_code) == (False, 401)

    act(as_operator, "reopen_accounts", rider)
    rider.refresh_from_db()
    assert (rider.is_active, client.get("/api/v1/me/").status_code) == (True, 401)
    assert LogEntry.objects.count() == 2


def test_nobody_closes_their_own_account_here(as_superuser: Client, superuser: User) -> None:
    act(as_superuser, "close_accounts", superuser)

    superuser.refresh_from_db()
    assert superuser.is_active


@pytest.mark.parametrize("action", ["close_accounts", "end_sessions"])
def test_an_operator_does_not_act_on_operators(as_operator: Client, superuser: User, action: str) -> None:
    client = RiderClient(superuser)

    act(as_operator, action, superuser)

    assert client.get("/api/v1/me/").status_code == 200


def test_view_rights_alone_allow_no_action() -> None:
    looker = make_user(is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_user"))
    rider = make_user()

    act(logged_in(looker), "close_accounts", rider)

    rider.refresh_from_db()
    assert rider.is_active


def test_an_erased_account_cannot_be_changed(as_superuser: Client) -> None:
    erased = make_user()
    user_erase(user=erased, now=NOON)

    assert as_superuser.get(f"{LIST}{erased.pk}/change/").status_code == 200
    assert change(as_superuser, erased, name="Somebody") == 403
    act(as_superuser, "reopen_accounts", erased)
    erased.refresh_from_db()
    assert (erased.is_active, erased.name == "Somebody") == (False, False)


def test_an_operator_promotes_nobody(as_operator: Client) -> None:
    rider = make_user()

    assert change(as_operator, rider, name="New", is_staff="on", is_superuser="on", is_active="") == 302

    rider.refresh_from_db()
    assert (rider.name, rider.is_staff, rider.is_superuser, rider.is_active) == ("New", False, False, True)


def test_an_operator_does_not_touch_operators(as_operator: Client, operator: User, superuser: User) -> None:
    reset = {"password1": "another-saddle-3", "password2": "another-saddle-3"}

    for user in (superuser, operator):
        assert change(as_operator, user, name="New") == 403
        assert as_operator.post(f"{LIST}{user.pk}/password/", reset).status_code == 403
        user.refresh_from_db()
        assert (user.name == "New", user.check_password(PASSWORD)) == (False, True)


def test_a_superuser_makes_operators(as_superuser: Client) -> None:
    rider = make_user()

    assert change(as_superuser, rider, is_staff="on") == 302

    rider.refresh_from_db()
    assert (rider.is_staff, rider.is_superuser) == (True, False)


def test_a_form_overwrites_nothing_that_changed_meanwhile(
    as_superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = make_user()
    clean = User.clean

    def clean_while_the_account_closes(user: User) -> None:
        clean(user)
        User.objects.filter(pk=user.pk).update(is_active=False, password="!")

    monkeypatch.setattr(User, "clean", clean_while_the_account_closes)

    assert change(as_superuser, rider, name="New") == 302

    rider.refresh_from_db()
    assert (rider.name, rider.is_active, rider.password) == ("New", False, "!")


def test_a_changed_email_is_normalised_and_unique(as_superuser: Client) -> None:
    rider, other = make_user(), make_user(email="taken@example.org")

    assert change(as_superuser, rider, email="New@Example.ORG") == 302
    assert change(as_superuser, rider, email="TAKEN@example.org") == 200

    rider.refresh_from_db()
    other.refresh_from_db()
    assert (rider.email, other.email) == ("new@example.org", "taken@example.org")


def test_adding_an_account(as_superuser: Client) -> None:
    body = {
        "email": "New@Example.org",
        "name": "New",
        "password1": "another-saddle-3",
        "password2": "another-saddle-3",
    }

    assert as_superuser.get(f"{LIST}add/").status_code == 200
    assert as_superuser.post(f"{LIST}add/", body).status_code == 302

    user = User.objects.get(email="new@example.org")
    assert user.check_password("another-saddle-3")
    assert (user.is_active, user.is_staff) == (True, False)


def test_resetting_a_password_ends_the_sessions(as_operator: Client) -> None:
    client = RiderClient(make_user())
    body = {"password1": "another-saddle-3", "password2": "another-saddle-3", "usable_password": "true"}

    assert as_operator.post(f"{LIST}{client.rider.pk}/password/", body).status_code == 302

    client.rider.refresh_from_db()
    assert client.rider.check_password("another-saddle-3")
    assert client.get("/api/v1/me/").status_code == 401


def test_an_operators_new_password_ends_the_other_sessions(superuser: User) -> None:
    phone, browser = RiderClient(superuser), Client()
    browser.login(username=superuser.email, password=PASSWORD)
    form = {"old_password": PASSWORD, "new_password1": "another-saddle-3", "new_password2": "another-saddle-3"}

    assert browser.post("/admin/password_change/", form).status_code == 302

    assert phone.get("/api/v1/me/").status_code == 401
    assert browser.get(LIST).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["users/user/{}/password/", "password_change/"])
def test_a_password_and_the_end_of_its_sessions_are_one(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    user = make_user(email="root@example.org", is_staff=True, is_superuser=True)
    browser = logged_in(user)
    browser.raise_request_exception = False
    new = {"usable_password": "true", "old_password": PASSWORD}
    new |= dict.fromkeys(("password1", "password2", "new_password1", "new_password2"), "another-saddle-3")

    def fails(**_given: object) -> None:
        raise OperationalError

    monkeypatch.setattr("bikerental.users.services.sessions_end", fails)
    monkeypatch.setattr("bikerental.users.services.accounts.sessions_end", fails)
    assert browser.post(f"/admin/{path.format(user.pk)}", new).status_code >= 500

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_changepassword_command_ends_the_sessions(superuser: User, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = RiderClient(superuser)
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_: "another-saddle-3")

    call_command("changepassword", superuser.email)

    assert phone.get("/api/v1/me/").status_code == 401


def test_a_hash_that_is_renewed_at_log_in_ends_no_session(superuser: User, settings: Settings) -> None:
    phone = RiderClient(superuser)
    settings.PASSWORD_HASHERS = ["bikerental.users.hashers.OwaspArgon2PasswordHasher", *settings.PASSWORD_HASHERS]

    assert RiderClient(superuser).get("/api/v1/me/").status_code == 200

    superuser.refresh_from_db()
    assert superuser.password.startswith("argon2")
    assert phone.get("/api/v1/me/").status_code == 200


@pytest.mark.parametrize("taken", ["taken@example.org", "Taken@EXAMPLE.org"])
def test_an_address_that_is_taken_is_refused_as_the_api_does(as_superuser: Client, taken: str) -> None:
    make_user(email="taken@example.org")
    other = make_user(email="other@example.org")
    passwords = {"password1": PASSWORD, "password2": PASSWORD}

    added = as_superuser.post(f"{LIST}add/", {"email": taken, "name": "Ann"} | passwords)
    changed = as_superuser.post(f"{LIST}{other.pk}/change/", {"email": taken, "name": "Ann", "language": "en"})

    for page in (added, changed):
        assert page.context["errors"] == [["An account with this e-mail exists already."]]
    assert User.objects.count() == 3
    other.refresh_from_db()
    assert other.email == "other@example.org"


def test_an_account_keeps_its_address(as_superuser: Client) -> None:
    user = make_user(email="kept@example.org")

    assert change(as_superuser, user, email="KEPT@example.org") == 302
