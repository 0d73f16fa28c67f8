"""The admin's pages for the fleet."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from bikerental.fleet.models import (
    Bike,
    BikeModel,
    Station,
    Tariff,
)
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.maintenance.tasks import publish_photos
from bikerental.rentals.services import rentals_settle
from tests.factories import NOON, make_bike, make_model, make_rental, make_station, make_tariff, make_user
from tests.maintenance.photos import HOSTILE, picture, with_place

pytestmark = pytest.mark.django_db

BIKES = "admin:fleet_bike_changelist"


def act(operator: Client, action: str, bikes: list[Bike], **fields: Any) -> list[str]:
    """The messages that the operator sees."""
    data = {"action": action, "_selected_action": [str(bike.pk) for bike in bikes]} | fields
    answer = operator.post(reverse(BIKES), data, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def form_of(bike: Bike, **fields: Any) -> dict[str, Any]:
    return {
        "number": bike.number,
        "model": bike.model_id,
        "tariff": bike.tariff_id,
        "station": bike.station_id or "",
        "latitude": bike.latitude,
        "longitude": bike.longitude,
    } | fields


def numbers(operator: Client, **query: str) -> list[str]:
    answer = operator.get(reverse(BIKES), query)
    return [bike.number for bike in answer.context["cl"].result_list]


# Two statements read the operator, one counts, one lists. The filters and the action's tariffs take three; stations
# have no such filters.
@pytest.mark.parametrize(
    ("page", "statements"),
    [(BIKES, 7), ("admin:fleet_station_changelist", 4), ("admin:fleet_tariff_changelist", 4)],
)
@pytest.mark.parametrize("rows", [1, 7])
def test_a_list_costs_the_same_statements_however_long(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries, page: str, statements: int, rows: int
) -> None:
    for _ in range(rows):
        make_bike(station=make_station())

    with django_assert_num_queries(statements):
        answer = operator.get(reverse(page))

    assert len(answer.context["cl"].result_list) == rows


@pytest.mark.parametrize("rows", [1, 7])
def test_an_action_costs_the_same_statements_however_many(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    bikes = [make_bike() for _ in range(rows)]
    data = {"action": "send_to_maintenance", "_selected_action": [str(bike.pk) for bike in bikes]}
    ContentType.objects.get_for_model(Bike)  # kept in each process, so that no earlier test is needed to read it

    with django_assert_num_queries(16):
        operator.post(reverse(BIKES), data)

    assert set(Bike.objects.values_list("status", flat=True)) == {"maintenance"}


def test_bikes_are_found_by_the_beginning_of_the_number(operator: Client) -> None:
    for number in ("AB-1", "AB-2", "BA-1"):
        make_bike(number=number)

    assert numbers(operator, q="AB") == ["AB-1", "AB-2"]


def test_bikes_are_filtered_by_status_model_and_tariff(operator: Client) -> None:
    model, tariff = make_model(), make_tariff()
    make_bike(number="1", status="maintenance")
    make_bike(number="2", model=model)
    make_bike(number="3", tariff=tariff, station=make_station())

    assert numbers(operator, status__exact="maintenance") == ["1"]
    assert numbers(operator, model__id__exact=str(model.pk)) == ["2"]
    assert numbers(operator, tariff__id__exact=str(tariff.pk)) == ["3"]
    assert numbers(operator, station__isempty="0") == ["3"]


def test_a_station_leads_to_its_bikes(operator: Client) -> None:
    station = make_station()
    make_bike(number="1", station=station)
    make_bike(number="2")

    link = f"{reverse(BIKES)}?station__id__exact={station.pk}"

    assert link in operator.get(reverse("admin:fleet_station_changelist")).content.decode()
    assert numbers(operator, station__id__exact=str(station.pk)) == ["1"]


def test_stations_are_found_by_name_and_by_bikes(operator: Client) -> None:
    empty, used = make_station(name="Quay"), make_station(name="Market")
    make_bike(station=used)
    url = reverse("admin:fleet_station_changelist")

    assert list(operator.get(url, {"q": "qua"}).context["cl"].result_list) == [empty]
    assert list(operator.get(url, {"bikes": "some"}).context["cl"].result_list) == [used]
    assert list(operator.get(url, {"bikes": "none"}).context["cl"].result_list) == [empty]


def test_bikes_go_to_maintenance_but_for_the_rented(operator: Client) -> None:
    bikes = [make_bike(), make_bike(status="reserved"), make_bike(status="rented")]

    told = act(operator, "send_to_maintenance", bikes)

    assert told == ["2 bikes changed.", "1 bike left alone: its state does not allow it."]
    assert [Bike.objects.get(pk=bike.pk).status for bike in bikes] == ["maintenance", "maintenance", "rented"]


def test_bikes_come_back_to_service(operator: Client) -> None:
    bike = make_bike(status="maintenance")

    assert act(operator, "return_to_service", [bike]) == ["1 bike changed."]
    assert Bike.objects.get(pk=bike.pk).status == "available"


def test_bikes_get_a_tariff(operator: Client) -> None:
    tariff, bikes, other = make_tariff(), [make_bike(), make_bike()], make_bike()

    assert act(operator, "set_tariff", bikes, tariff=str(tariff.pk)) == ["2 bikes changed."]

    assert set(Bike.objects.filter(tariff=tariff)) == set(bikes)
    assert other not in Bike.objects.filter(tariff=tariff)


def test_a_tariff_must_be_chosen(operator: Client) -> None:
    bike = make_bike()

    assert act(operator, "set_tariff", [bike], tariff="") == ["Choose the tariff beside the action."]
    assert Bike.objects.get(pk=bike.pk).tariff_id == bike.tariff_id


def test_view_rights_alone_show_no_actions(client: Client) -> None:
    viewer = make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_bike"))
    client.force_login(viewer)
    bike = make_bike()

    act(client, "send_to_maintenance", [bike])

    assert Bike.objects.get(pk=bike.pk).status == "available"


def test_a_form_does_not_undo_a_ride_that_began_meanwhile(operator: Client) -> None:
    bike = make_bike(station=make_station())
    form = form_of(bike, number="NEW", **{"initial-x": ""})
    Bike.objects.filter(pk=bike.pk).update(status="rented")

    answer = operator.post(reverse("admin:fleet_bike_change", args=[bike.pk]), form | {"status": "available"})

    assert answer.status_code == 302
    bike.refresh_from_db()
    assert (bike.number, bike.status) == ("NEW", "rented")


def test_a_new_bike_is_available(operator: Client) -> None:
    like = make_bike()

    answer = operator.post(reverse("admin:fleet_bike_add"), form_of(like, number="NEW"))

    assert answer.status_code == 302
    assert Bike.objects.get(number="NEW").status == "available"


def test_a_taken_number_is_a_message_not_an_error(operator: Client) -> None:
    like = make_bike()

    answer = operator.post(reverse("admin:fleet_bike_add"), form_of(like))

    assert answer.status_code == 200
    assert "number" in str(answer.context["adminform"].form.errors)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket")
def test_an_operators_photo_is_kept_and_published_by_the_task(operator: Client) -> None:
    bike = make_bike(photo="bikes/old.webp")
    photo = SimpleUploadedFile("garden.jpg", with_place(), content_type="image/jpeg")
    url = reverse("admin:fleet_bike_change", args=[bike.pk])

    answer = operator.post(url, form_of(bike, photo=photo, latitude=59.5), follow=True)

    assert [str(message) for message in answer.context["messages"]][-1].startswith("The photo is being prepared")
    bike.refresh_from_db()
    assert (bike.photo.name, bike.latitude) == ("bikes/old.webp", 59.5)
    publish_photos(ids=[str(PhotoUpload.objects.get(bike=bike, state="confirmed").pk)])
    bike.refresh_from_db()
    assert bike.photo.name != "bikes/old.webp"
    with bike.photo.open() as file:
        assert b"arden" not in file.read()


@pytest.mark.usefixtures("bucket")
def test_a_new_bike_may_come_with_a_photo(
    operator: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    photo = SimpleUploadedFile("x.jpg", picture(), content_type="image/jpeg")

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(reverse("admin:fleet_bike_add"), form_of(make_bike(), number="NEW", photo=photo))

    bike = Bike.objects.get(number="NEW")
    assert not bike.photo
    assert PhotoUpload.objects.get().bike == bike


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_photo_is_an_error_of_its_field(operator: Client, data: bytes, code: str) -> None:
    bike = make_bike()
    photo = SimpleUploadedFile("bike.jpg", data, content_type="image/jpeg")

    answer = operator.post(reverse("admin:fleet_bike_change", args=[bike.pk]), form_of(bike, photo=photo))

    assert answer.context["adminform"].form.errors["photo"].as_data()[0].code == code
    bike.refresh_from_db()
    assert not bike.photo
    assert not PhotoUpload.objects.exists()


def test_a_photo_can_be_taken_away(operator: Client) -> None:
    bike = make_bike(photo="bikes/old.webp")

    operator.post(reverse("admin:fleet_bike_change", args=[bike.pk]), form_of(bike, **{"photo-clear": "on"}))

    bike.refresh_from_db()
    assert not bike.photo


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_s3")
def test_without_s3_the_bike_is_saved_and_the_operator_is_told(operator: Client) -> None:
    bike = make_bike()
    photo = SimpleUploadedFile("x.jpg", picture(), content_type="image/jpeg")
    url = reverse("admin:fleet_bike_change", args=[bike.pk])

    answer = operator.post(url, form_of(bike, photo=photo, latitude=59.5), follow=True)

    assert any("the photo is not" in str(message) for message in answer.context["messages"])
    bike.refresh_from_db()
    assert bike.latitude == 59.5
    assert not PhotoUpload.objects.exists()


REPORTS = "admin:maintenance_bikereport_changelist"


def make_report(**fields: Any) -> BikeReport:
    return BikeReport.objects.create(**{"bike": make_bike(), "rider": make_user(), "kind": "brakes"} | fields)


# Two statements read the operator, one counts, one lists. The filter of codes takes one.
@pytest.mark.parametrize(("page", "statements"), [(REPORTS, 4), ("admin:maintenance_photoupload_changelist", 5)])
@pytest.mark.parametrize("rows", [1, 7])
def test_riders_uploads_are_listed_by_the_same_statements(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries, page: str, statements: int, rows: int
) -> None:
    for number in range(rows):
        made = make_report(photo=f"reports/{number}.webp")
        PhotoUpload.objects.create(bike=made.bike, report=made, uploader=made.rider, key=f"{number}", expires_at=NOON)

    with django_assert_num_queries(statements):
        answer = operator.get(reverse(page))

    assert len(answer.context["cl"].result_list) == rows


@pytest.mark.parametrize(("action", "state"), [("resolve", "resolved"), ("dismiss", "dismissed")])
def test_a_report_is_closed(operator: Client, action: str, state: str) -> None:
    made, other = make_report(), make_report()

    answer = operator.post(reverse(REPORTS), {"action": action, "_selected_action": [str(made.pk)]}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["1 report closed."]
    made.refresh_from_db()
    other.refresh_from_db()
    assert (made.state, other.state) == (state, "open")
    assert made.closed_at is not None


def test_reports_are_found_by_the_bikes_number_and_by_the_rider(operator: Client) -> None:
    made, _other = make_report(bike=make_bike(number="B-7")), make_report()

    for words in ("B-7", made.rider.email):
        assert list(operator.get(reverse(REPORTS), {"q": words}).context["cl"].result_list) == [made]
    assert list(operator.get(reverse(REPORTS), {"state__exact": "resolved"}).context["cl"].result_list) == []


def test_a_bike_counts_its_open_reports_and_leads_to_them(operator: Client) -> None:
    bike = make_bike()
    made = make_report(bike=bike)
    make_report(bike=bike, state="resolved", closed_at=NOON)
    link = f"{reverse(REPORTS)}?bike__id__exact={bike.pk}"

    assert f'<a href="{link}">1</a>' in operator.get(reverse(BIKES)).content.decode()
    assert made in operator.get(link).context["cl"].result_list


@pytest.mark.usefixtures("bucket")
def test_the_pages_policy_lets_a_photo_come_from_the_bucket(operator: Client) -> None:
    made = make_report(photo="reports/1.webp")

    answer = operator.get(reverse("admin:maintenance_bikereport_change", args=[made.pk]))

    [source] = re.findall(
        r'<img src="([^"]+reports/1\.small\.webp[^"]*)" alt="" height="128">', answer.content.decode()
    )
    origin = source[: source.index("/", len("http://"))]
    assert f"img-src 'self' {origin} data:;" in answer.headers["Content-Security-Policy"]


def test_a_report_and_an_upload_open_and_cannot_be_written(operator: Client) -> None:
    made = make_report(photo="reports/1.webp")
    sent = PhotoUpload.objects.create(bike=made.bike, uploader=made.rider, key="1", expires_at=NOON)

    for row in (made, sent):
        url = reverse(f"admin:maintenance_{row._meta.model_name}_change", args=[row.pk])
        assert operator.get(url).status_code == 200
        assert operator.post(url, {"state": "published"}).status_code == 403


TERMS = {
    "name": "Night",
    "currency": "RUB",
    "unlock_fee": "50.00",
    "per_minute": "5.00",
    "free_minutes": "0",
    "daily_cap": "",
    "overdue_after_minutes": "1440",
}


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("currency", "USD"),
        ("unlock_fee", "1.00"),
        ("per_minute", "1.00"),
        ("free_minutes", "1"),
        ("daily_cap", "9.00"),
        ("overdue_after_minutes", "1"),
    ],
)
def test_the_terms_of_a_tariff_do_not_change(operator: Client, term: str, value: str) -> None:
    tariff = make_tariff()

    answer = operator.post(reverse("admin:fleet_tariff_change", args=[tariff.pk]), TERMS | {term: value})

    assert list(answer.context["adminform"].form.errors) == [term]
    same = Tariff.objects.get(pk=tariff.pk)
    assert all(getattr(same, name) == getattr(tariff, name) for name in TERMS)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"currency": "ZZZ"}, "Select a valid choice. ZZZ is not one of the available choices."),
        ({"per_minute": "100000.01"}, "Ensure this value is less than or equal to 100000."),
        ({"unlock_fee": "1000000.01"}, "Ensure this value is less than or equal to 1000000."),
        ({"daily_cap": "10000000.01"}, "Ensure this value is less than or equal to 10000000."),
        ({"free_minutes": "527041"}, "Ensure this value is less than or equal to 527040."),
        ({"overdue_after_minutes": "527041"}, "Ensure this value is less than or equal to 527040."),
        (
            {"currency": "JPY", "per_minute": "4.50"},
            "This currency has no smaller unit: only whole amounts can be paid.",
        ),
    ],
)
def test_terms_beyond_their_bounds_get_a_sentence(operator: Client, terms: dict[str, str], sentence: str) -> None:
    answer = operator.post(reverse("admin:fleet_tariff_add"), TERMS | terms)

    assert sentence in answer.content.decode()
    assert not Tariff.objects.exists()


def test_the_dearest_ride_of_366_days_is_settled(operator: Client) -> None:
    dearest = {"unlock_fee": "1000000.00", "per_minute": "100000.00"}
    operator.post(reverse("admin:fleet_tariff_add"), TERMS | dearest)
    bike = make_bike(tariff=Tariff.objects.get())
    ride = make_rental(bike=bike, started_at=NOON - timedelta(days=366), ended_at=NOON)

    rentals_settle(rental_ids=[ride.pk], now=NOON)

    ride.refresh_from_db()
    assert (ride.status, ride.cost_amount) == ("settled", Decimal("52705000000.00"))


def test_a_tariff_can_be_renamed(operator: Client) -> None:
    tariff = make_tariff()

    operator.post(reverse("admin:fleet_tariff_change", args=[tariff.pk]), TERMS)

    assert Tariff.objects.get(pk=tariff.pk).name == "Night"


def test_other_terms_are_saved_as_a_new_tariff(operator: Client) -> None:
    tariff = make_tariff()
    url = reverse("admin:fleet_tariff_change", args=[tariff.pk])

    operator.post(url, TERMS | {"per_minute": "6.00", "_saveasnew": "1"})

    assert sorted(Tariff.objects.values_list("name", "per_minute")) == [
        ("Basic", tariff.per_minute),
        ("Night", tariff.per_minute + 1),
    ]


@pytest.mark.parametrize("kind", [Tariff, BikeModel, Station, Bike])
def test_a_row_in_use_is_not_deleted_in_the_admin(operator: Client, kind: type[Any]) -> None:
    station = make_station()
    make_rental(bike=make_bike(station=station, status="rented"))
    row = kind.objects.get()

    answer = operator.post(reverse(f"admin:fleet_{kind._meta.model_name}_delete", args=[row.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert kind.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("make", [make_tariff, make_model, make_station, make_bike])
def test_an_unused_row_is_deleted_in_the_admin(operator: Client, make: Any) -> None:
    row = make()

    operator.post(reverse(f"admin:fleet_{row._meta.model_name}_delete", args=[row.pk]), {"post": "yes"})

    assert not type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("make", [make_tariff, make_model, make_station, make_bike])
def test_every_form_opens(operator: Client, make: Any) -> None:
    row = make()

    assert operator.get(reverse(f"admin:fleet_{row._meta.model_name}_change", args=[row.pk])).status_code == 200
    assert operator.get(reverse(f"admin:fleet_{row._meta.model_name}_add")).status_code == 200
