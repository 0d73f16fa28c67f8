"""The profile and the password, over HTTP."""

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from bikerental.notifications.models import Notification
from bikerental.notifications.services import notifications_create
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import PASSWORD, make_user
from tests.users.calls import CHANGE, ME, NEW_PASSWORD, REFRESH, field_errors, log_in

pytestmark = pytest.mark.django_db


def test_the_profile_is_the_callers(rider_client: RiderClient) -> None:
    make_user()
    rider = rider_client.rider

    response = rider_client.get(ME)

    assert response.json() == {
        "id": str(rider.pk),
        "name": rider.name,
        "email": rider.email,
        "email_confirmed": True,
        "created_at": rider.created_at.isoformat().replace("+00:00", "Z"),
        "language": "en",
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_the_name_can_be_changed_and_nothing_else(rider_client: RiderClient) -> None:
    rider = rider_client.rider
    body = {"name": " Новое имя ", "email": "other@example.org", "is_staff": True, "id": str(uuid4())}

    response = rider_client.patch(ME, body)

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["email"]) == ("Новое имя", rider.email)
    stored = User.objects.get()
    assert (stored.pk, stored.name, stored.email, stored.is_staff) == (rider.pk, "Новое имя", rider.email, False)


def test_an_empty_patch_changes_nothing(rider_client: RiderClient) -> None:
    response = rider_client.patch(ME, {})

    assert (response.status_code, response.json()["name"]) == (200, rider_client.rider.name)


@pytest.mark.parametrize("name", ["", " ", "x" * 151, "a\x07b", [], "a\x00b"])
def test_a_name_that_is_none_is_refused(rider_client: RiderClient, name: object) -> None:
    assert {field for field, _ in field_errors(rider_client.patch(ME, {"name": name}))} == {"name"}
    assert User.objects.get().name == rider_client.rider.name


def test_the_next_message_follows_a_changed_language(rider_client: RiderClient) -> None:
    rider = rider_client.rider

    response = rider_client.patch(ME, {"language": "ru"})

    rider.refresh_from_db()
    assert (response.status_code, response.json()["language"], rider.language) == (200, "ru", "ru")
    assert (response.json()["name"], rider_client.get(ME).json()["language"]) == (rider.name, "ru")
    pending = Notification(kind="receipt", recipient=rider, subject_id=uuid4(), key="ride", context={})
    notifications_create([pending])
    assert Notification.objects.get().language == "ru"


@pytest.mark.parametrize("language", ["", "de", "RU", "ru-RU", "xx" * 300, 1, True, [], {}])
def test_a_language_that_we_do_not_have_is_refused(rider_client: RiderClient, language: object) -> None:
    body = {"language": language, "name": "Renamed"}

    assert {field for field, _ in field_errors(rider_client.patch(ME, body))} == {"language"}
    stored = User.objects.get()
    assert (stored.language, stored.name) == ("en", rider_client.rider.name)


def test_changing_the_password_ends_every_other_session(rider_client: RiderClient, anonymous: APIClient) -> None:
    rider = rider_client.rider
    other_device = RiderClient(rider)

    response = rider_client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert (response.status_code, response.content) == (204, b"")
    assert rider_client.get(ME).status_code == 200
    assert other_device.get(ME).status_code == 401
    assert anonymous.post(REFRESH, {"refresh": other_device.tokens.refresh}).status_code == 401
    assert log_in(anonymous, rider).status_code == 401
    assert log_in(anonymous, rider, NEW_PASSWORD).status_code == 200


def test_a_wrong_current_password_changes_nothing(rider_client: RiderClient) -> None:
    other_device = RiderClient(rider_client.rider)

    response = rider_client.post(CHANGE, {"current_password": "wrong", "new_password": NEW_PASSWORD})

    assert field_errors(response) == [("current_password", "password_wrong")]
    assert User.objects.get().check_password(PASSWORD)
    assert other_device.get(ME).status_code == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [("short7!", "min_length"), ("x" * 129, "max_length"), ("password1", "password_too_common")],
)
def test_a_new_password_is_held_to_the_rules(rider_client: RiderClient, password: str, code: str) -> None:
    response = rider_client.post(CHANGE, {"current_password": PASSWORD, "new_password": password})

    assert field_errors(response) == [("new_password", code)]
    assert User.objects.get().check_password(PASSWORD)


def test_a_stolen_token_does_not_guess_the_password(rider_client: RiderClient) -> None:
    body = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    statuses = [rider_client.post(CHANGE, body).status_code for _ in range(7)]

    assert statuses == [400] * 6 + [429]
