"""The export of a rider's data: complete, only the rider's, and never whole in memory."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework import serializers
from rest_framework.test import APIClient

from bikerental.accounts.api.serializers import ExportOutput
from bikerental.billing.services import rentals_charge
from bikerental.billing.types import Charge
from bikerental.core.db.keyset import PAGE_SIZE_MAX
from bikerental.http import streams
from bikerental.maintenance.models import BikeReport, PhotoUpload
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.users.models import User
from tests.accounts.keys import KEYS
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_claim, make_rental, make_returned_rental, make_station, make_user
from tests.observe.scraping import requests_counted

pytestmark = pytest.mark.django_db
EXPORT = "/api/v1/me/export/"


def fill(user: User) -> None:
    """Create a row in every table, each with text that names its owner."""
    rental = make_returned_rental(rider=user, start_station=make_station())
    RentalEvent.objects.create(
        rental=rental, kind="ended_by_operator", happened_at=NOON, actor=make_user(), reason=f"for {user.email}"
    )
    make_claim(rental, text=f"of {user.email}")
    Notification.objects.create(kind="receipt", recipient=user, key=f"r:{user.pk}", language="en", context={"a": 1})
    RefusedAddress.objects.create(email=user.email, reason="bounced", detail=f"of {user.email}")
    bike = make_bike()
    report = BikeReport.objects.create(
        bike=bike, rider=user, kind="tyre", text=f"by {user.email}", photo=f"reports/{user.pk}.webp"
    )
    PhotoUpload.objects.create(bike=bike, report=report, uploader=user, key=str(user.pk), expires_at=NOON)
    TOTPDevice.objects.create(user=user, name=f"of {user.email}")
    rentals_charge(charges=[Charge(rental.pk, user.pk, Decimal(1), "RUB")], now=NOON)
    LogEntry.objects.log_actions(str(make_user().pk), [user], CHANGE, [{"changed": {"fields": ["Name"]}}])


def test_the_export_holds_all_about_the_caller_and_nobody_else(rider_client: RiderClient) -> None:
    rider, other = rider_client.rider, make_user()
    for user in (rider, other):
        fill(user)

    answer = rider_client.get(EXPORT)
    document = answer.json()

    rental = Rental.objects.get(rider=rider)
    upload = PhotoUpload.objects.get(uploader=rider)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (document["profile"]["id"], document["profile"]["email"]) == (str(rider.pk), rider.email)
    assert document["refused_address"]["detail"] == f"of {rider.email}"
    assert [each["name"] for each in document["authenticators"]] == [f"of {rider.email}"]
    assert len(document["sessions"]) == 1
    assert [(each["id"], each["events"][0]["reason"]) for each in document["rentals"]] == [
        (str(rental.pk), f"for {rider.email}")
    ]
    assert [each["context"] for each in document["notifications"]] == [{"a": 1}]
    assert [each["text"] for each in document["reports"]] == [f"by {rider.email}"]
    assert [(each["id"], each["report"]) for each in document["uploads"]] == [(str(upload.pk), str(upload.report_id))]
    assert [each["rental"] for each in document["entries"]] == [str(rental.pk)]
    assert [each["text"] for each in document["claims"]] == [f"of {rider.email}"]
    assert [each["change"] for each in document["operators_changes"]] == ["Changed Name."]
    told = json.dumps(document)
    assert str(other.pk) not in told
    assert other.email not in told
    assert TOTPDevice.objects.get(user=rider).key not in told


def test_where_nothing_is_held_it_is_still_a_whole_document(rider_client: RiderClient) -> None:
    document = rider_client.get(EXPORT).json()

    assert len(document.pop("sessions")) == 1
    assert document.pop("profile")["id"] == str(rider_client.rider.pk)
    assert document.pop("refused_address") is None
    assert [*document] == [
        "authenticators", "operators_changes", "notifications", "reports", "uploads", "entries", "rentals",
        "reservations", "claims",
    ]  # fmt: skip
    assert [*document.values()] == [[]] * 9


def test_each_key_to_a_user_is_exported_or_excused() -> None:
    words = ("rider", "user", "uploader", "actor", "recipient", "email")
    found = set()
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            is_key = field.is_relation and field.related_model is User
            is_ours = model.__module__.startswith("bikerental.")
            if is_key or (is_ours and field.name.removesuffix("_id") in words):
                found.add(f"{model._meta.label}.{field.name}")

    assert found == set(KEYS)
    assert {where for where in KEYS.values() if not where.startswith("none: ")} <= set(ExportOutput().fields)


def test_the_answer_has_the_declared_shape(rider_client: RiderClient) -> None:
    fill(rider_client.rider)
    make_rental(rider=rider_client.rider)
    Reservation.objects.create(
        rider=rider_client.rider, bike=make_bike(status="reserved"), created_at=NOON, expires_at=NOON
    )

    document = rider_client.get(EXPORT).json()

    shape_of(ExportOutput(), document)
    assert all(document.values())


def shape_of(serializer: serializers.BaseSerializer[Any], value: Any) -> None:
    """The value has exactly the declared fields, at every depth."""
    if isinstance(serializer, serializers.ListSerializer):
        for each in value:
            shape_of(serializer.child, each)
    elif isinstance(serializer, serializers.Serializer) and value is not None:
        required = {name for name, field in serializer.fields.items() if field.required}
        assert required <= set(value) <= set(serializer.fields)
        for name, part in value.items():
            shape_of(serializer.fields[name], part)
    else:
        assert value is not None or serializer.allow_null, serializer


def make_many(rider: User, count: int) -> list[Rental]:
    first = make_returned_rental(rider=rider)
    fields = {field.attname: getattr(first, field.attname) for field in Rental._meta.concrete_fields}
    # Several begin at the same moment, so that they cross the border of two pages.
    started_at = [NOON + timedelta(minutes=number // 3) for number in range(count)]
    more = [
        Rental(**fields | {"id": None, "started_at": at, "ended_at": at + timedelta(minutes=1)}) for at in started_at
    ]
    for each in more:
        each.pk = Rental._meta.pk.get_default()
    Rental.objects.all().delete()
    return Rental.objects.bulk_create(more)


@pytest.mark.parametrize("count", [PAGE_SIZE_MAX - 1, PAGE_SIZE_MAX, 2 * PAGE_SIZE_MAX + 1])
def test_pages_neither_repeat_nor_skip_a_row(rider_client: RiderClient, count: int) -> None:
    rentals = make_many(rider_client.rider, count)
    messages = Notification.objects.bulk_create(
        Notification(kind="receipt", recipient=rider_client.rider, key=str(number), language="en")
        for number in range(count)
    )

    document = rider_client.get(EXPORT).json()

    in_order = sorted(rentals, key=lambda rental: (rental.started_at, rental.pk))
    assert [each["id"] for each in document["rentals"]] == [str(rental.pk) for rental in in_order]
    assert [each["id"] for each in document["notifications"]] == sorted(str(message.pk) for message in messages)


@pytest.mark.django_db(transaction=True)
def test_no_more_than_a_page_is_read_ahead(rider_client: RiderClient) -> None:
    make_many(rider_client.rider, 3 * PAGE_SIZE_MAX)
    answer = rider_client.get(EXPORT)
    pieces = iter(answer)

    with CaptureQueriesContext(connection) as statements:
        beginning = list(takewhile(lambda piece: b'"rentals"' not in piece, pieces))
        first_page = next(pieces)

    assert sum('"rentals_rental"' in each["sql"] or "EXECUTE" in each["sql"] for each in statements) <= 2
    assert max(map(len, [*beginning, first_page])) < 1000 * PAGE_SIZE_MAX
    answer.close()


def test_a_database_that_is_away_at_the_beginning_is_a_503(
    rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bikerental.notifications.api.export.refused_address", fail)

    answer = rider_client.get(EXPORT)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert streams.slots.are_free()


def fail(**_: object) -> Iterator[list[Any]]:
    raise OperationalError("away")


def test_one_that_breaks_off_is_no_whole_document_and_is_told(
    rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bikerental.rentals.api.export.rentals_for_export", fail)
    answer = rider_client.get(EXPORT, headers={"X-Request-ID": "phone-7"})
    got: list[bytes] = []

    with pytest.raises(OperationalError):  # a server ends the connection, or truncates the document
        got.extend(answer)

    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(got))
    [line] = [record for record in caplog.records if record.message == "An export broke off"]
    assert (line.levelno, line.request_id) == (logging.WARNING, "phone-7")
    assert streams.slots.are_free()


@pytest.mark.django_db(transaction=True)
def test_only_so_many_are_sent_at_once(rider_client: RiderClient) -> None:
    answers = [RiderClient(make_user()).get(EXPORT) for _ in range(streams.STREAMS_MAX)]

    refused = rider_client.get(EXPORT)

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    answers.pop().close()  # its client has closed the connection
    assert rider_client.get(EXPORT).json()["profile"]
    for answer in answers:
        assert json.loads(b"".join(answer))
    assert streams.slots.are_free()


@pytest.mark.django_db(transaction=True)
def test_a_rider_is_sent_one_at_a_time(rider_client: RiderClient) -> None:
    first = rider_client.get(EXPORT)

    second = rider_client.get(EXPORT)

    assert (second.status_code, second.json()["code"]) == (429, "throttled")
    assert int(second.headers["Retry-After"]) >= 1
    assert RiderClient(make_user()).get(EXPORT).json()["profile"]
    assert json.loads(b"".join(first))
    assert rider_client.get(EXPORT).json()["profile"]


def test_a_client_that_reads_too_slowly_is_given_up(rider_client: RiderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = rider_client.get(EXPORT)
    monkeypatch.setattr(streams, "STREAM_SECONDS", -1.0)

    with pytest.raises(TimeoutError):
        list(answer)

    assert streams.slots.are_free()


def test_it_is_counted_when_it_was_sent(rider_client: RiderClient) -> None:
    before = requests_counted(APIClient(), "api/v1/me/export/")

    answer = rider_client.get(EXPORT)
    begun = requests_counted(APIClient(), "api/v1/me/export/")
    assert list(answer)

    assert (begun, requests_counted(APIClient(), "api/v1/me/export/")) == (before, before + 1)
