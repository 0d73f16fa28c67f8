"""How often, and how many at once: forms for photos, and checks of uploaded photos."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from bikerental.core.errors import ThrottledError, UnavailableError
from bikerental.maintenance import tasks
from bikerental.maintenance.constants import CHECK_LEASE, REPORT_FORMS_PER_HOUR
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.services import photo_upload_confirm, photo_upload_start
from bikerental.media import images
from bikerental.media.exceptions import PhotoMissingError
from bikerental.media.storage import StorageUnavailableError
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_user
from tests.maintenance.photos import JPEG
from tests.support.interleaving import interleave
from tests.support.threads import race

CAP = "bikerental.maintenance.services.uploads.REPORT_FORMS_PER_HOUR"
HOUR = timedelta(hours=1)


def make_report(rider: User | None = None) -> BikeReport:
    return BikeReport.objects.create(bike=make_bike(), rider=rider or make_user(), kind="lights")


def begin(report: BikeReport, now: Any = NOON) -> UUID:
    return photo_upload_start(bike_id=report.bike_id, report_id=report.pk, uploader_id=report.rider_id, now=now).id


def send(report: BikeReport, now: Any = NOON) -> UUID:
    upload_id = begin(report, now)
    default_storage.save(PhotoUpload.objects.get(pk=upload_id).key, ContentFile(JPEG))
    return upload_id


def confirm(report: BikeReport, upload_id: UUID, now: Any = NOON) -> str:
    ids = {"bike_id": report.bike_id, "report_id": report.pk, "uploader_id": report.rider_id}
    return photo_upload_confirm(upload_id=upload_id, **ids, now=now).state


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A slow check. Returns the lengths of the checked pictures."""
    looked: list[int] = []

    def look(data: bytes) -> None:
        looked.append(len(data))
        time.sleep(0.5)

    monkeypatch.setattr(images, "photo_check", look)
    return looked


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("in_one_process", [True, False])
def test_an_upload_is_checked_once_however_often_confirmed(
    looks: list[int], monkeypatch: pytest.MonkeyPatch, in_one_process: bool
) -> None:
    @contextmanager
    def elsewhere() -> Iterator[None]:
        yield

    if not in_one_process:
        monkeypatch.setattr(images, "decoding", elsewhere)
    report = make_report()
    upload_id = send(report)

    outcomes = race(*[partial(confirm, report, upload_id)] * 20)

    assert looks == [len(JPEG)]
    assert outcomes.keys() <= {"done", "UnavailableError"}
    upload = PhotoUpload.objects.get()
    assert (upload.state, upload.looks) == ("confirmed", 1)


@pytest.mark.django_db
def test_a_busy_process_says_so_at_once() -> None:
    client = RiderClient(make_user())
    report = make_report(client.rider)
    upload_id = send(report, timezone.now())
    place = f"/api/v1/bikes/{report.bike_id}/reports/{report.pk}/photo/confirm/"
    begun = time.monotonic()

    with images.decoding():
        answer = client.post(place, {"upload": str(upload_id)})

    assert time.monotonic() - begun < 1
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")
    assert PhotoUpload.objects.get().looks == 0
    assert client.post(place, {"upload": str(upload_id)}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_claimed_photo_is_left_until_its_claim_expires() -> None:
    report = make_report()
    upload_id = send(report)
    PhotoUpload.objects.update(next_attempt_at=NOON + CHECK_LEASE)

    with pytest.raises(UnavailableError):
        confirm(report, upload_id, NOON + CHECK_LEASE - timedelta(seconds=1))

    assert confirm(report, upload_id, NOON + CHECK_LEASE) == "confirmed"


@pytest.mark.django_db
def test_a_missing_file_may_be_checked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    report = make_report()
    upload_id = begin(report)
    with pytest.raises(PhotoMissingError):
        confirm(report, upload_id)
    default_storage.save(PhotoUpload.objects.get().key, ContentFile(JPEG))

    def away(*_: Any) -> bytes:
        raise StorageUnavailableError("unreachable")

    with monkeypatch.context() as patched:
        patched.setattr("bikerental.media.gateways.folder.FolderPhotos.fetch", away)
        with pytest.raises(StorageUnavailableError):
            confirm(report, upload_id)

    assert confirm(report, upload_id) == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_sixty_requests_at_once_get_the_forms_of_an_hour() -> None:
    report = make_report()

    outcomes = race(*[partial(begin, report)] * 60)

    assert outcomes == {"done": REPORT_FORMS_PER_HOUR, "ThrottledError": 60 - REPORT_FORMS_PER_HOUR}
    assert PhotoUpload.objects.count() == REPORT_FORMS_PER_HOUR


@pytest.mark.django_db
def test_the_next_form_waits_until_the_first_is_an_hour_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CAP, 2)
    report = make_report()
    begin(report)
    begin(report, NOON + timedelta(minutes=10))

    with pytest.raises(ThrottledError) as refused:
        begin(report, NOON + timedelta(minutes=20))

    assert refused.value.retry_after == 40 * 60
    begin(report, NOON + HOUR)
    begin(make_report(), NOON + timedelta(minutes=20))  # another rider's upload
    photo_upload_start(bike_id=report.bike_id, uploader_id=report.rider_id, now=NOON + HOUR)  # the bike's own


@pytest.mark.django_db
def test_the_storage_is_not_asked_for_a_form_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CAP, 1)
    monkeypatch.setattr("bikerental.maintenance.services.uploads.photo_store", lambda: pytest.fail("asked"))
    report = make_report()
    PhotoUpload.objects.create(report=report, bike=report.bike, uploader=report.rider, key="1", expires_at=NOON)

    with pytest.raises(ThrottledError):
        begin(report, timezone.now())


@pytest.mark.django_db(transaction=True)
def test_checks_are_counted_too_and_the_next_is_a_429(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CAP, 1)
    client = RiderClient(make_user())
    report = make_report(client.rider)
    upload_id = begin(report, timezone.now())
    place = f"/api/v1/bikes/{report.bike_id}/reports/{report.pk}/photo/confirm/"

    answers = [client.post(place, {"upload": str(upload_id)}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert PhotoUpload.objects.get().looks == 2


@pytest.mark.django_db(transaction=True)
def test_checks_at_once_of_many_photos_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CAP, 1)
    monkeypatch.setattr(images, "decoding", nullcontext)  # each in a process of its own
    report = make_report()
    fields = {"report": report, "bike": report.bike, "uploader": report.rider, "created_at": NOON, "expires_at": NOON}
    one, other = (
        PhotoUpload.objects.create(**fields, key=str(looks), looks=looks, next_attempt_at=NOON) for looks in (0, 1)
    )

    outcome = interleave(
        monkeypatch,
        "bikerental.maintenance.services.uploads.open_user_lock",
        first=lambda: confirm(report, one.pk),
        second=lambda: confirm(report, other.pk),
    )

    assert outcome == ("PhotoMissingError", "ThrottledError", True)


@pytest.mark.django_db
def test_unconfirmed_forms_leave_neither_row_nor_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    report = make_report()
    kept = PhotoUpload.objects.get(pk=send(report, now))
    old = PhotoUpload.objects.get(pk=send(report, now - timedelta(days=1, minutes=1)))
    published = PhotoUpload.objects.get(pk=send(report, now - timedelta(days=30)))
    PhotoUpload.objects.filter(pk=published.pk).update(state="published", confirmed_at=now, published_at=now)
    monkeypatch.setattr("bikerental.maintenance.services.publishing.ORPHAN_AGE", timedelta(0))

    tasks.sweep_photos()
    tasks.sweep_orphaned_photos()

    assert set(PhotoUpload.objects.values_list("pk", flat=True)) == {kept.pk, published.pk}
    assert [default_storage.exists(each.key) for each in (kept, old)] == [True, False]
