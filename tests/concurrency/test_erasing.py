"""An account is erased while personal data is written about it.

If the erasure comes first, the writer is refused and leaves nothing. If it comes last, it waits for the writer and
erases what was written.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.signals import user_logged_in
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import Settings

from bikerental.accounts.services import account_erase
from bikerental.fleet.models import Bike
from bikerental.http.models import IdempotencyKey
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.services import (
    bike_report_create,
    photo_upload_confirm,
    photo_upload_start,
    photos_publish,
)
from bikerental.media.gateways import photo_store
from bikerental.notifications.models import RefusedAddress
from bikerental.notifications.services import feedback
from bikerental.rentals.models import RentalEvent
from bikerental.rentals.services import rental_end_by_operator, rental_start
from bikerental.users.exceptions import AccountClosedError
from bikerental.users.models import Session, User
from bikerental.users.services import (
    password_change,
    password_reset,
    password_reset_confirm,
    profile_update,
    reset_token_make,
    session_start,
)
from tests.clients import RiderClient, operator_client
from tests.factories import NOON, PASSWORD, make_bike, make_user
from tests.maintenance.photos import JPEG
from tests.support.interleaving import Interleaved, interleave

pytestmark = pytest.mark.django_db(transaction=True)

ERASURE = "bikerental.accounts.services.user_lock"
ADDRESS = "192.0.2.10"
OTHER_PASSWORD = "another-saddle-3"
Write = Callable[[], object]


@pytest.fixture
def rider() -> User:
    return make_user(name="Marker")


@pytest.fixture
def bike() -> Bike:
    return make_bike()


def erase(rider: User) -> None:
    account_erase(rider=rider, password=PASSWORD, address=ADDRESS, now=timezone.now())


def erase_before(monkeypatch: pytest.MonkeyPatch, rider: User, write: Write) -> Interleaved:
    return interleave(monkeypatch, ERASURE, first=lambda: erase(rider), second=write)


def erase_after(monkeypatch: pytest.MonkeyPatch, rider: User, lock: str, write: Write) -> Interleaved:
    return interleave(monkeypatch, lock, first=write, second=lambda: erase(rider))


def report(rider: User, bike: Bike, text: str = "Marker fell off") -> BikeReport:
    report_of = {"bike_id": bike.pk, "rider_id": rider.pk, "kind": "tyre", "text": text}
    return bike_report_create(**report_of, counts=False, now=NOON).report


def upload(rider: User, made: BikeReport, now: datetime = NOON) -> PhotoUpload:
    started = photo_upload_start(bike_id=made.bike_id, report_id=made.pk, uploader_id=rider.pk, now=now)
    found = PhotoUpload.objects.get(pk=started.id)
    photo_store().put(found.key, JPEG, "image/jpeg")
    return found


def confirm(rider: User, sent: PhotoUpload) -> str:
    ids = {"upload_id": sent.pk, "bike_id": sent.bike_id, "report_id": sent.report_id, "uploader_id": rider.pk}
    return photo_upload_confirm(**ids, now=NOON).state


def test_a_report_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike) -> None:
    outcome = erase_before(monkeypatch, rider, lambda: report(rider, bike))

    assert outcome == (None, "AccountClosedError", True)
    assert not BikeReport.objects.exists()


def test_a_report_before_an_erasure_loses_its_text(monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike) -> None:
    lock = "bikerental.maintenance.services.reports.open_user_lock"

    outcome = erase_after(monkeypatch, rider, lock, lambda: report(rider, bike).text)

    assert outcome == ("Marker fell off", None, True)
    assert BikeReport.objects.get().text == ""


def test_the_writer_is_told_that_the_account_is_closed(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    client = RiderClient(rider)
    path = f"/api/v1/bikes/{bike.pk}/reports/"
    answers: list[Any] = []

    erase_before(monkeypatch, rider, lambda: answers.append(client.post(path, {"kind": "tyre", "text": "Marker"})))

    [answer] = answers
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_a_form_for_a_photo_after_an_erasure_is_refused(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    made = report(rider, bike)

    outcome = erase_before(monkeypatch, rider, lambda: upload(rider, made))

    assert outcome == (None, "AccountClosedError", True)
    assert not PhotoUpload.objects.exists()


def test_a_form_for_a_photo_before_an_erasure_is_void(monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike) -> None:
    made = report(rider, bike)
    lock = "bikerental.maintenance.services.uploads.open_user_lock"

    outcome = erase_after(monkeypatch, rider, lock, lambda: upload(rider, made).state)

    assert outcome == ("pending", None, True)
    assert PhotoUpload.objects.get().state == "refused"


def test_a_photo_confirmed_after_an_erasure_is_refused(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    sent = upload(rider, report(rider, bike))

    outcome = erase_before(monkeypatch, rider, lambda: confirm(rider, sent))

    assert outcome == (None, "AccountClosedError", True)
    assert PhotoUpload.objects.get().state == "refused"


def test_a_photo_confirmed_before_an_erasure_is_not_published(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    sent = upload(rider, report(rider, bike))
    lock = "bikerental.maintenance.services.uploads.enqueue_after_commit"  # at this point the uploader is locked again

    outcome = erase_after(monkeypatch, rider, lock, lambda: confirm(rider, sent))

    assert outcome[1:] == (None, True)
    assert photos_publish([sent.pk]) == 0
    assert (PhotoUpload.objects.get().state, BikeReport.objects.get().photo) == ("refused", "")


def test_a_photo_published_during_an_erasure_does_not_show(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    sent = upload(rider, report(rider, bike))
    confirm(rider, sent)
    lock = "bikerental.maintenance.services.publishing.bikes_lock"

    outcome = erase_after(monkeypatch, rider, lock, lambda: photos_publish([sent.pk]))

    assert outcome == (0, None, False)
    assert (PhotoUpload.objects.get().state, BikeReport.objects.get().photo) == ("refused", "")


def test_a_name_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    outcome = erase_before(monkeypatch, rider, lambda: profile_update(user=rider, name="Marker"))

    assert outcome == (None, "AccountClosedError", True)
    assert User.objects.get().name == ""


def test_a_password_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    session = Session.objects.create(user=rider, refresh_id=rider.pk, refreshed_at=NOON, expires_at=NOON)
    passwords = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}

    outcome = erase_before(
        monkeypatch,
        rider,
        lambda: password_change(user=rider, session_id=session.pk, **passwords, address=ADDRESS, now=timezone.now()),
    )

    assert outcome == (None, "AccountClosedError", True)
    assert not User.objects.get().has_usable_password()


def test_a_password_by_a_token_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    now = timezone.now()
    token = reset_token_make(user=rider, now=now)

    outcome = erase_before(
        monkeypatch,
        rider,
        lambda: password_reset_confirm(token=token, new_password=OTHER_PASSWORD, address=ADDRESS, now=now),
    )

    assert outcome == (None, "ResetTokenInvalidError", True)
    assert not User.objects.get().has_usable_password()


def test_an_operators_password_after_an_erasure_changes_nothing(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    encoded = make_password(OTHER_PASSWORD)

    outcome = erase_before(
        monkeypatch, rider, lambda: password_reset(user_id=rider.pk, encoded=encoded, now=timezone.now())
    )

    assert outcome == (None, None, True)
    assert not User.objects.get().has_usable_password()


def test_a_login_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    outcome = erase_before(
        monkeypatch,
        rider,
        lambda: session_start(email=rider.email, password=PASSWORD, address="192.0.2.11", now=timezone.now()),
    )

    assert outcome == (None, "CredentialsInvalidError", True)
    assert not Session.objects.exists()


def test_a_kept_answer_after_an_erasure_is_refused(monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike) -> None:
    client = RiderClient(rider)
    client.credentials(**client._credentials, HTTP_IDEMPOTENCY_KEY="marker")

    outcome = erase_before(
        monkeypatch, rider, lambda: client.post("/api/v1/rentals/", {"bike": str(bike.pk)}).status_code
    )

    assert outcome == (None, 401, True)
    assert not IdempotencyKey.objects.exists()


def test_a_kept_answer_to_a_return_does_not_outlive_an_erasure(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    client = RiderClient(rider)
    client.credentials(**client._credentials, HTTP_IDEMPOTENCY_KEY="marker")
    lock = "bikerental.rentals.services.rides.rental_lock"

    outcome = erase_after(
        monkeypatch, rider, lock, lambda: client.post(f"/api/v1/rentals/{rental.id}/return/").status_code
    )

    assert outcome == (200, "RentalInProgressError", False)
    assert IdempotencyKey.objects.count() == 1
    erase(rider)
    assert not IdempotencyKey.objects.exists()


def test_an_operators_reason_does_not_outlive_an_erasure(
    monkeypatch: pytest.MonkeyPatch, rider: User, bike: Bike
) -> None:
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=NOON)
    operator = make_user(is_staff=True)
    lock = "bikerental.rentals.services.rides.rental_lock"

    outcome = erase_after(
        monkeypatch,
        rider,
        lock,
        lambda: rental_end_by_operator(rental_id=rental.id, operator=operator, reason="Marker", now=NOON).status,
    )

    assert outcome == ("returned", "RentalInProgressError", False)
    erase(rider)
    assert set(RentalEvent.objects.values_list("reason", flat=True)) == {""}


def test_an_address_that_bounces_after_an_erasure_is_not_kept(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    bounce = feedback.Report(feedback.Reason.BOUNCED, "General", [rider.email], "")

    outcome = erase_before(monkeypatch, rider, lambda: feedback._report_apply(bounce, now=NOON))

    assert outcome == (None, None, True)
    assert not RefusedAddress.objects.exists()


def test_an_address_that_bounced_leaves_with_its_account(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    bounce = feedback.Report(feedback.Reason.BOUNCED, "General", [rider.email], "")
    lock = "bikerental.notifications.services.feedback.user_lock"

    outcome = erase_after(monkeypatch, rider, lock, lambda: feedback._report_apply(bounce, now=NOON))

    assert outcome == (None, None, True)
    assert not RefusedAddress.objects.exists()


def test_an_operators_form_after_an_erasure_saves_nothing(monkeypatch: pytest.MonkeyPatch, rider: User) -> None:
    admin = operator_client()
    form = {"email": "marker@example.org", "name": "Marker", "language": "ru"}

    outcome = erase_before(
        monkeypatch, rider, lambda: admin.post(f"/admin/users/user/{rider.pk}/change/", form).status_code
    )

    assert outcome == (None, 403, True)
    erased = User.objects.get(pk=rider.pk)
    assert (erased.name, erased.email, erased.language) == ("", f"erased-{rider.pk}@erased.invalid", "en")


def test_a_hash_that_is_renewed_after_an_erasure_is_refused(rider: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    known = User.objects.get(pk=rider.pk)
    erase(rider)

    with pytest.raises(AccountClosedError):
        known.check_password(PASSWORD)

    assert not User.objects.get().has_usable_password()


def test_the_time_of_a_login_after_an_erasure_is_refused(rider: User) -> None:
    known = User.objects.get(pk=rider.pk)
    erase(rider)

    with pytest.raises(AccountClosedError):
        user_logged_in.send(User, request=Mock(), user=known)

    assert User.objects.get().last_login is None


@pytest.mark.parametrize(
    "personal",
    [{"name": "Marker"}, {"email": "marker@example.org"}, {"password": "argon2$"}, {"last_login": NOON}],
    ids=lambda personal: next(iter(personal)),
)
def test_the_database_forbids_a_name_on_an_erased_account(rider: User, personal: dict[str, Any]) -> None:
    erase(rider)

    with pytest.raises(IntegrityError, match="user_erased_is_nobody"):
        User.objects.update(**personal)
