"""Photos, from the form to the URL: through the API and S3."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.accounts.services import account_erase
from bikerental.fleet.models import Bike
from bikerental.maintenance import tasks
from bikerental.maintenance.constants import PUBLISH_ATTEMPTS_MAX
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.services import photos_publish, photos_publish_left_over, photos_sweep_orphans
from bikerental.maintenance.services.publishing import _show
from bikerental.media.gateways import photo_store
from bikerental.media.s3 import MediaStorage
from bikerental.media.storage import StorageUnavailableError
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import PASSWORD, make_bike, make_station, make_user
from tests.maintenance.photos import HOSTILE, picture, with_place

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> RiderClient:
    return RiderClient(make_operator())


def make_operator() -> User:
    operator = make_user(is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(codename="change_bike"))
    return operator


def path(bike: Bike, report: BikeReport | None = None) -> str:
    middle = "" if report is None else f"reports/{report.pk}/"
    return f"/api/v1/bikes/{bike.pk}/{middle}photo/"


def begin(client: APIClient, place: str) -> dict[str, Any]:
    answer = client.post(place)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def send(form: dict[str, Any], data: bytes) -> None:
    sent = requests.post(form["url"], data=form["fields"], files={"file": ("garden.jpg", data)}, timeout=10)
    assert sent.status_code == 204, sent.text


def confirm(client: APIClient, place: str, form: dict[str, Any]) -> Response:
    return client.post(f"{place}confirm/", {"upload": form["id"]})


def upload(client: APIClient, place: str, data: bytes) -> PhotoUpload:
    form = begin(client, place)
    send(form, data)
    answer = confirm(client, place, form)
    assert (answer.status_code, answer.json()["state"]) == (202, "confirmed"), answer.content
    return PhotoUpload.objects.get(pk=form["id"])


def publish(*uploads: PhotoUpload) -> None:
    tasks.publish_photos(ids=[str(each.pk) for each in uploads])


def keys() -> set[str]:
    return {
        entry["Key"]
        for entry in default_storage.connection.meta.client.list_objects_v2(Bucket=default_storage.bucket_name).get(
            "Contents", []
        )
    }


@pytest.mark.usefixtures("bucket")
def test_an_operators_photo_shows_in_two_sizes_without_a_place(
    staff: RiderClient,
) -> None:
    bike = make_bike()

    publish(upload(staff, path(bike), with_place()))

    shown = staff.get(f"/api/v1/bikes/{bike.pk}/").json()
    for name, signed in (("photo", shown["photo"]), ("thumbnail", shown["thumbnail"])):
        answer = requests.get(signed, timeout=10)
        assert answer.headers["Content-Type"] == "image/webp", name
        assert answer.headers["Cache-Control"].startswith("private")
        assert Image.open(BytesIO(answer.content)).size == (48, 64)
        assert b"arden" not in answer.content
        assert requests.get(signed.partition("?")[0], timeout=10).status_code == 403
    assert shown == staff.get("/api/v1/bikes/").json()["results"][0]


@pytest.mark.usefixtures("bucket")
def test_a_confirmed_photo_shows_once_a_task_has_published_it(
    staff: RiderClient,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("bikerental.core.work.enqueueing.publisher.add", told.append)
    bike = make_bike()

    with django_capture_on_commit_callbacks(execute=True):
        confirmed = upload(staff, path(bike), picture())

    assert [(note.task, note.row_id) for note in told] == [(tasks.publish_photos.name, str(confirmed.pk))]
    bike.refresh_from_db()
    assert not bike.photo


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_an_upload_that_is_no_photo_is_a_400_and_not_published(staff: RiderClient, data: bytes, code: str) -> None:
    bike = make_bike()
    form = begin(staff, path(bike))
    default_storage.connection.meta.client.put_object(  # S3 itself would refuse some of them by the form's policy
        Bucket=default_storage.bucket_name, Key=form["fields"]["key"], Body=data
    )

    for _ in range(2):  # a refusal is final
        answer = confirm(staff, path(bike), form)
        assert answer.status_code == 400, answer.content
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("photo", code)]

    tasks.publish_photos(ids=[form["id"]])
    tasks.sweep_photos()
    refused = PhotoUpload.objects.get(pk=form["id"])
    assert (refused.state, refused.code) == ("refused", code)
    bike.refresh_from_db()
    assert not bike.photo
    assert keys() == {refused.key}


@pytest.mark.usefixtures("bucket")
def test_a_photo_beyond_the_cap_is_a_400_that_was_not_read(staff: RiderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.media.gateways.s3.PHOTO_BYTES_MAX", 1000)
    bike = make_bike()
    form = begin(staff, path(bike))
    send(form, picture())

    answer = confirm(staff, path(bike), form)

    assert answer.json()["errors"][0]["code"] == "too_large"


@pytest.mark.usefixtures("bucket")
def test_a_file_replaced_after_the_check_is_checked_again(staff: RiderClient) -> None:
    bike = make_bike()
    form = begin(staff, path(bike))
    send(form, picture())
    assert confirm(staff, path(bike), form).status_code == 202
    send(form, HOSTILE["SVG"][0])

    tasks.publish_photos(ids=[form["id"]])

    assert PhotoUpload.objects.get().code == "invalid"
    bike.refresh_from_db()
    assert not bike.photo


@pytest.mark.usefixtures("bucket")
def test_confirming_before_sending_is_a_400_that_can_be_mended(staff: RiderClient) -> None:
    bike = make_bike()
    form = begin(staff, path(bike))

    answer = confirm(staff, path(bike), form)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "missing")

    send(form, picture())
    assert confirm(staff, path(bike), form).status_code == 202


@pytest.mark.usefixtures("bucket")
def test_confirming_twice_is_the_same_as_once(staff: RiderClient) -> None:
    bike = make_bike()
    confirmed = upload(staff, path(bike), picture())
    form = {"id": str(confirmed.pk)}

    assert confirm(staff, path(bike), form).json()["state"] == "confirmed"
    publish(confirmed)
    publish(confirmed)

    assert confirm(staff, path(bike), form).json()["state"] == "published"
    assert len([key for key in keys() if key.startswith("bikes/")]) == 2


@pytest.mark.usefixtures("bucket")
def test_an_upload_is_its_owners_and_for_its_bike(staff: RiderClient) -> None:
    bike, other = make_bike(), make_bike()
    form = begin(staff, path(bike))
    send(form, picture())

    for client, place in ((RiderClient(make_operator()), path(bike)), (staff, path(other))):
        answer = confirm(client, place, form)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert staff.post(path(Bike(pk=uuid4()))).json()["code"] == "bike_not_found"
    assert PhotoUpload.objects.get().state == "pending"


@pytest.mark.usefixtures("bucket")
def test_the_photo_confirmed_later_stays(staff: RiderClient) -> None:
    bike = make_bike()
    first, second = (upload(staff, path(bike), picture(size=size)) for size in ((64, 48), (32, 32)))

    publish(second)
    publish(first)

    bike.refresh_from_db()
    assert Image.open(BytesIO(photo_store().fetch(bike.photo.name))).size == (32, 32)


@pytest.mark.usefixtures("bucket")
def test_a_report_shows_its_riders_photo_to_operators() -> None:
    rider, bike = RiderClient(make_user()), make_bike()
    report = BikeReport.objects.create(bike=bike, rider=rider.rider, kind="lights")

    publish(upload(rider, path(bike, report), with_place()))

    report.refresh_from_db()
    assert report.photo.startswith("reports/")
    assert b"arden" not in photo_store().fetch(report.photo)
    bike.refresh_from_db()
    assert not bike.photo


@pytest.mark.usefixtures("no_s3")
def test_without_s3_an_upload_is_a_503_and_rides_go_on(staff: RiderClient) -> None:
    bike = make_bike(photo="bikes/1.webp")

    answer = staff.post(path(bike))

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert not PhotoUpload.objects.exists()
    assert staff.get("/api/v1/bikes/").json()["results"][0]["photo"]
    started = staff.post("/api/v1/rentals/", {"bike": str(bike.pk)})
    assert started.status_code == 201
    assert staff.post(f"/api/v1/rentals/{started.json()['id']}/return/").status_code == 200


@pytest.mark.usefixtures("bucket")
def test_a_confirmation_while_s3_is_away_is_a_503(staff: RiderClient, request: pytest.FixtureRequest) -> None:
    bike = make_bike()
    form = begin(staff, path(bike))
    send(form, picture())
    request.getfixturevalue("no_s3")

    answer = confirm(staff, path(bike), form)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert PhotoUpload.objects.get().state == "pending"


@pytest.mark.usefixtures("bucket")
def test_a_task_while_s3_is_away_costs_no_attempt(staff: RiderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    bike = make_bike()
    confirmed = upload(staff, path(bike), picture())

    def away(*_args: Any) -> None:
        raise StorageUnavailableError("unreachable")

    with monkeypatch.context() as patched:
        patched.setattr("bikerental.media.gateways.s3.S3Photos.put", away)
        for _ in range(PUBLISH_ATTEMPTS_MAX + 1):
            publish(confirmed)
            confirmed.refresh_from_db()
            assert (confirmed.state, confirmed.attempts) == ("confirmed", 0)
            assert confirmed.next_attempt_at > timezone.now() + timedelta(seconds=30)
            PhotoUpload.objects.update(next_attempt_at=timezone.now())

    tasks.sweep_photos()

    confirmed.refresh_from_db()
    assert confirmed.state == "published"


@pytest.mark.usefixtures("bucket")
def test_the_sweep_publishes_a_photo_that_the_fast_path_lost(staff: RiderClient) -> None:
    bike = make_bike()
    upload(staff, path(bike), picture())

    tasks.sweep_photos()

    bike.refresh_from_db()
    assert bike.photo


@pytest.mark.usefixtures("bucket")
def test_a_photo_that_a_clock_ahead_confirmed_is_published(staff: RiderClient) -> None:
    upload(staff, path(make_bike()), picture())
    PhotoUpload.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))

    assert photos_publish_left_over(now=timezone.now()) == 1


@pytest.mark.usefixtures("bucket")
def test_a_photo_being_published_is_left_until_its_claim_ends(staff: RiderClient) -> None:
    confirmed = upload(staff, path(make_bike()), picture())
    PhotoUpload.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1), attempts=1)

    assert photos_publish([confirmed.pk]) == 0

    PhotoUpload.objects.update(next_attempt_at=timezone.now())
    assert photos_publish([confirmed.pk]) == 1


@pytest.mark.usefixtures("bucket")
def test_a_photo_that_kills_its_worker_is_given_up(staff: RiderClient) -> None:
    upload(staff, path(make_bike()), picture())
    PhotoUpload.objects.update(attempts=PUBLISH_ATTEMPTS_MAX)

    photos_publish_left_over(now=timezone.now())

    given_up = PhotoUpload.objects.get()
    assert (given_up.state, given_up.code) == ("refused", "attempts_exhausted")


@pytest.mark.usefixtures("bucket")
def test_an_unconfirmed_upload_expires(staff: RiderClient) -> None:
    bike = make_bike()
    form = begin(staff, path(bike))

    photos_publish_left_over(now=timezone.now() + timedelta(minutes=19))
    assert PhotoUpload.objects.get().state == "pending"
    photos_publish_left_over(now=timezone.now() + timedelta(minutes=21))

    assert confirm(staff, path(bike), form).json()["errors"][0]["code"] == "expired"


@pytest.fixture(params=["bucket", "folder"])
def any_store(request: pytest.FixtureRequest) -> None:
    """S3, and the storage of a machine without it."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")


@pytest.mark.usefixtures("any_store")
def test_the_sweep_deletes_what_no_row_names_and_nothing_else() -> None:
    rider, now = make_user(), timezone.now()
    bike = make_bike(photo="bikes/kept.webp")
    BikeReport.objects.create(bike=bike, rider=rider, kind="lights")
    BikeReport.objects.update(photo="reports/kept.webp")
    for state in ("pending", "confirmed", "published", "refused"):
        PhotoUpload.objects.create(
            bike=bike,
            uploader=rider,
            key=f"uploads/{state}",
            state=state,
            code="expired" if state == "refused" else "",
            expires_at=now,
            confirmed_at=now if state in ("confirmed", "published") else None,
            published_at=now if state == "published" else None,
        )
    kept = {
        "bikes/kept.webp", "bikes/kept.small.webp", "reports/kept.webp", "reports/kept.small.webp",
        "uploads/pending", "uploads/confirmed", "backups/not-ours",
    }  # fmt: skip
    orphans = {
        "bikes/replaced.webp", "bikes/replaced.small.webp", "reports/gone.webp",
        "uploads/published", "uploads/refused", "uploads/stray",
    }  # fmt: skip
    for key in kept | orphans:
        default_storage.save(key, ContentFile(b"1"))

    assert photos_sweep_orphans(now=now + timedelta(hours=1, minutes=59)) == 0
    assert photos_sweep_orphans(now=now + timedelta(hours=2, minutes=1)) == len(orphans)

    assert {key for key in kept | orphans if default_storage.exists(key)} == kept


@pytest.mark.usefixtures("bucket")
def test_a_closed_account_leaves_no_words_and_no_photos_behind() -> None:
    rider, bike = RiderClient(make_user()), make_bike()
    report = BikeReport.objects.create(bike=bike, rider=rider.rider, kind="lights", text="near my house")
    publish(upload(rider, path(bike, report), picture()))
    waiting = upload(rider, path(bike, report), picture())

    account_erase(rider=rider.rider, password=PASSWORD, address="127.0.0.1", now=timezone.now())
    publish(waiting)

    report.refresh_from_db()
    assert (report.text, report.photo, report.kind) == ("", "", "lights")
    photos_sweep_orphans(now=timezone.now() + timedelta(hours=3))
    assert keys() == set()


def test_nobody_begins_a_photo_for_anothers_report(rider_client: RiderClient) -> None:
    report = BikeReport.objects.create(bike=make_bike(), rider=make_user(), kind="tyre")

    answer = rider_client.post(path(report.bike, report))

    assert (answer.status_code, PhotoUpload.objects.count()) == (404, 0)


def test_a_photo_refused_while_it_is_published_does_not_show() -> None:
    bike, now = make_bike(), timezone.now()
    upload = PhotoUpload.objects.create(
        bike=bike, uploader=make_user(), key="uploads/1", state="confirmed", confirmed_at=now, expires_at=now
    )
    PhotoUpload.objects.update(state="refused", code="expired")

    assert _show(upload, "bikes/1.webp", now) is None

    bike.refresh_from_db()
    assert (bike.photo.name or "", PhotoUpload.objects.get().state) == ("", "refused")


@pytest.mark.usefixtures("bucket")
def test_a_page_of_photos_costs_no_statement_and_no_call_more(
    rider_client: RiderClient,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    for number in range(50):
        make_bike(station=make_station(), photo=f"bikes/{number}.webp")
    calls: list[Any] = []
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", lambda *args: calls.append(args))
    signed = 0
    sign = MediaStorage._sign

    def counting(storage: MediaStorage, *args: Any) -> str:
        nonlocal signed
        signed += 1
        return sign(storage, *args)

    monkeypatch.setattr(MediaStorage, "_sign", counting)
    default_storage._wrapped = MediaStorage(**settings.STORAGES["default"]["OPTIONS"])

    with django_assert_num_queries(2):  # one reads the rider, one lists
        first = rider_client.get("/api/v1/bikes/").json()["results"]
    again = rider_client.get("/api/v1/bikes/").json()["results"]

    assert len({bike["photo"] for bike in first}) == 50
    assert first == again
    assert signed == 100
    assert calls == []


def test_without_a_bucket_the_forms_way_is_the_servers_own(
    staff: RiderClient, client: APIClient, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "bikerental.media.folder.FolderStorage"}}
    bike = make_bike()
    form = begin(staff, path(bike))
    assert form["url"] == "http://testserver/media/"
    sent = client.post("/media/", form["fields"] | {"file": ContentFile(picture(), name="x.jpg")})
    assert sent.status_code == 204
    assert confirm(staff, path(bike), form).status_code == 202
    publish(PhotoUpload.objects.get(pk=UUID(form["id"])))

    shown = staff.get(f"/api/v1/bikes/{bike.pk}/").json()

    for name in ("photo", "thumbnail"):
        answer = client.get(shown[name].removeprefix("http://testserver"))
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert Image.open(BytesIO(b"".join(answer.streaming_content))).format == "WEBP"


@pytest.mark.parametrize("spoil", ["key", "signature"])
def test_the_servers_own_way_takes_only_what_it_signed(staff: RiderClient, client: APIClient, spoil: str) -> None:
    fields = begin(staff, path(make_bike()))["fields"]
    file = ContentFile(picture(), name="x.jpg")

    answer = client.post("/media/", fields | {spoil: "bikes/mine.webp", "file": file})

    # The form's plain key is for the reader; the signed one counts.
    assert answer.status_code == (403 if spoil == "signature" else 204)
    assert not default_storage.exists("bikes/mine.webp")


@pytest.mark.parametrize("size", [0, 5 * 1024 * 1024 + 1])
def test_the_servers_own_way_bounds_the_file(staff: RiderClient, client: APIClient, size: int) -> None:
    fields = begin(staff, path(make_bike()))["fields"]

    answer = client.post("/media/", fields | {"file": ContentFile(bytes(size), name="x.jpg")})

    assert answer.status_code == 400
    assert not default_storage.exists(fields["key"])


def test_raw_uploads_are_shown_to_nobody(staff: RiderClient, client: APIClient) -> None:
    form = begin(staff, path(make_bike()))
    client.post("/media/", form["fields"] | {"file": ContentFile(picture(), name="x.jpg")})

    for name in (form["fields"]["key"], f"bikes/../{form['fields']['key']}"):
        assert client.get(f"/media/{name}").status_code == 404


def test_in_production_without_a_bucket_uploads_are_unavailable(staff: RiderClient, settings: Settings) -> None:
    settings.MEDIA_SERVED = False

    answer = staff.post(path(make_bike()))

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
