"""A password is the same however a keyboard composes its letters."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.users.exceptions import CredentialsInvalidError
from bikerental.users.models import Session, User
from bikerental.users.services import credentials_check, password_reset_confirm, reset_token_make
from bikerental.users.services import sessions as sessions_module
from tests.clients import RiderClient
from tests.factories import PASSWORD, make_user
from tests.users.calls import CHANGE, ME, REGISTER, TOKEN, field_errors, log_in, registration

pytestmark = pytest.mark.django_db
COMPOSED = "зелёный-трамвай"
DECOMPOSED = "зеле\u0308ный-трамваи\u0306"  # as macOS types it
FORMS = [COMPOSED, DECOMPOSED, "зелёный-трамваи\u0306"]


def make_old_user(typed: str, **fields: object) -> User:
    """An older account, whose password was hashed as it was typed."""
    rider = make_user(**fields)
    User.objects.filter(pk=rider.pk).update(password=make_password(typed))
    rider.refresh_from_db()
    return rider


@pytest.mark.parametrize("typed", FORMS)
@pytest.mark.parametrize("registered", FORMS)
def test_registered_in_one_form_and_typed_in_another(anonymous: APIClient, registered: str, typed: str) -> None:
    assert anonymous.post(REGISTER, registration(password=registered)).status_code == 201

    assert log_in(anonymous, User.objects.get(), typed).status_code == 200
    assert log_in(anonymous, User.objects.get(), typed.upper()).status_code == 401


def test_a_space_is_a_space(anonymous: APIClient) -> None:
    anonymous.post(REGISTER, registration(password="pedal\u00a0harder\u30009"))

    assert log_in(anonymous, User.objects.get(), "pedal harder 9").status_code == 200


def test_a_changed_password_is_normalised(rider_client: RiderClient, anonymous: APIClient) -> None:
    body = {"current_password": PASSWORD, "new_password": DECOMPOSED}

    assert rider_client.post(CHANGE, body).status_code == 204
    assert log_in(anonymous, rider_client.rider, COMPOSED).status_code == 200
    body = {"current_password": DECOMPOSED, "new_password": PASSWORD}
    assert rider_client.post(CHANGE, body).status_code == 204


def test_a_reset_password_is_normalised(anonymous: APIClient) -> None:
    rider, now = make_user(), timezone.now()
    token = reset_token_make(user=rider, now=now)

    password_reset_confirm(token=token, new_password=DECOMPOSED, address="192.0.2.1", now=now)

    assert log_in(anonymous, rider, COMPOSED).status_code == 200


@pytest.mark.parametrize(("set_as", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_operators_set_and_type_it_in_either_form(set_as: str, typed: str) -> None:
    root = make_user(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(root)
    body = {"old_password": PASSWORD, "new_password1": set_as, "new_password2": set_as}

    assert browser.post("/admin/password_change/", body).status_code == 302
    login = {"username": root.email, "password": typed}
    assert Client().post("/admin/login/?next=/admin/", login).status_code == 302
    body = {"old_password": typed, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert browser.post("/admin/password_change/", body).status_code == 302


def test_a_superuser_made_at_the_command_line_too(monkeypatch: pytest.MonkeyPatch, anonymous: APIClient) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", DECOMPOSED)
    call_command("createsuperuser", interactive=False, email="root@example.org", name="Root")

    assert log_in(anonymous, User.objects.get(), COMPOSED).status_code == 200


def test_an_old_hash_lets_in_what_was_typed_and_is_renewed(anonymous: APIClient) -> None:
    rider = make_old_user(DECOMPOSED)
    assert log_in(anonymous, rider, COMPOSED).status_code == 401

    assert log_in(anonymous, rider, DECOMPOSED).status_code == 200
    renewed = User.objects.get().password

    assert [log_in(anonymous, rider, form).status_code for form in FORMS] == [200] * 3
    assert User.objects.get().password == renewed != rider.password
    assert Session.objects.count() == 4


def test_an_old_hash_of_a_closed_account_stays(anonymous: APIClient) -> None:
    rider = make_old_user(DECOMPOSED, is_active=False)

    assert log_in(anonymous, rider, DECOMPOSED).status_code == 401
    assert User.objects.get().password == rider.password


@pytest.mark.django_db(transaction=True)
def test_a_password_changed_while_its_hash_is_renewed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    rider = make_old_user(DECOMPOSED)
    succeeded = sessions_module.guess_succeeded
    changed = make_password(PASSWORD)

    def change_and_succeed(**options: object) -> None:
        User.objects.update(password=changed)
        succeeded(**options)

    monkeypatch.setattr(sessions_module, "guess_succeeded", change_and_succeed)

    with pytest.raises(CredentialsInvalidError):
        sessions_module.session_start(email=rider.email, password=DECOMPOSED, address="192.0.2.1", now=timezone.now())
    assert User.objects.get().password == changed


def test_an_old_hash_confirms_what_was_typed_then(anonymous: APIClient) -> None:
    client = RiderClient(make_user())
    User.objects.update(password=make_password(DECOMPOSED))

    assert client.delete(ME, {"password": COMPOSED}).status_code == 400
    assert client.delete(ME, {"password": DECOMPOSED}).status_code == 204


@pytest.mark.parametrize(("password", "hashes"), [(COMPOSED, 1), (DECOMPOSED, 2)])
def test_every_refused_login_costs_as_many_hashes(password: str, hashes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the first of two forms is right, but the account is closed."""
    emails = [
        "nobody@example.org",
        make_user().email,
        make_user(password=COMPOSED, is_active=False).email,
        make_old_user(DECOMPOSED, is_active=False).email,
        make_user(password=None).email,
    ]
    made: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        made.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    costs = []
    for email in emails:
        made.clear()
        with pytest.raises(CredentialsInvalidError):
            credentials_check(email=email, password=password, address="192.0.2.1", now=timezone.now())
        costs.append(len(made))

    assert costs == [hashes] * len(emails)


@pytest.mark.parametrize(
    ("password", "errors"),
    [
        ("и\u0306" * 7, [("password", "min_length")]),  # 14 characters as typed
        ("и\u0306" * 8, []),
        ("и\u0306" * 64 + "x" * 64, []),
        ("и\u0306" * 129, [("password", "max_length")]),
        ("password1", [("password", "password_too_common")]),
        ("\u3000" * 7, [("password", "min_length")]),
    ],
)
def test_a_password_is_checked_as_it_is_hashed(anonymous: APIClient, password: str, errors: list[object]) -> None:
    answer = anonymous.post(REGISTER, registration(password=password))

    assert (field_errors(answer) if answer.status_code == 400 else []) == errors
    assert User.objects.exists() == (errors == [])


def test_the_longest_password_may_be_typed_decomposed(anonymous: APIClient) -> None:
    rider = make_user(password="й" * 128)

    assert log_in(anonymous, rider, "и\u0306" * 128).status_code == 200
    assert anonymous.post(TOKEN, {"email": rider.email, "password": "и\u0306" * 129}).status_code == 400


@pytest.mark.parametrize("password", ["и\u0306" * 7, "и\u0306" * 129, "password1"])
def test_operators_passwords_are_counted_in_the_same_form(password: str) -> None:
    root = make_user(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(root)
    body = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}

    assert browser.post("/admin/password_change/", body).status_code == 200
    assert User.objects.get().password == root.password
