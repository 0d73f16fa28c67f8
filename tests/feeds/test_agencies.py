"""Tokens of agencies: shown once, kept as digests, ended at once; and what they open."""

import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from bikerental.feeds.models import Agency
from bikerental.feeds.services import agency_end
from tests.clients import RiderClient
from tests.factories import make_bike, make_user
from tests.feeds.agency import ACCEPT, AgencyClient

pytestmark = pytest.mark.django_db


def command(*words: str) -> str:
    output = StringIO()
    call_command("agency_token", *words, stdout=output, stderr=StringIO())
    return output.getvalue().strip()


def status(token: str, path: str = "vehicles") -> int:
    answer = APIClient().get(f"/mds/{path}", headers={"Authorization": f"Bearer {token}"})
    return int(answer.status_code)


def test_a_token_opens_the_citys_view_and_is_kept_as_a_digest() -> None:
    token = command("City of Example")

    assert status(token) == 200
    agency = Agency.objects.get()
    assert len(token) > 40
    assert token not in str(list(Agency.objects.values_list()))
    assert (agency.name, agency.ended_at) == ("City of Example", None)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic x", "Bearer " + "é" * 99])
def test_without_an_agencys_token_nothing_is_read(header: str) -> None:
    answer = APIClient().get("/mds/trips", headers={"Authorization": header} if header else {})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_tokens_of_riders_and_agencies_open_only_their_own(rider_client: RiderClient) -> None:
    agency = AgencyClient()

    assert rider_client.get("/mds/vehicles").status_code == 401
    assert agency.get("/api/v1/bikes/").status_code == 401


def test_a_token_that_was_ended_stops_working_at_once() -> None:
    agency = AgencyClient("City of Example")
    assert agency.get("/mds/vehicles").status_code == 200

    command("City of Example", "--end")

    assert agency.get("/mds/vehicles").status_code == 401


def test_a_replaced_token_stops_working_and_the_new_one_works() -> None:
    first = command("City of Example")

    second = command("City of Example", "--replace")

    assert (status(first), status(second)) == (401, 200)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [["City of Example"], ["Elsewhere", "--end"], ["Elsewhere", "--replace"]])
def test_the_command_refuses_what_does_not_fit(words: list[str]) -> None:
    command("City of Example")

    with pytest.raises(CommandError, match="Nothing was changed"):
        command(*words)

    assert list(Agency.objects.values_list("name", "ended_at")) == [("City of Example", None)]


def test_an_agency_whose_token_ended_gets_another() -> None:
    command("City of Example")
    agency_end(name="City of Example", now=timezone.now())

    assert status(command("City of Example")) == 200
    assert Agency.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "digest", "constraint"),
    [("City of Example", "2", "agency_one_token_a_name"), ("Elsewhere", "1", "agency_token_unique")],
)
def test_the_database_forbids_what_must_not_be(name: str, digest: str, constraint: str) -> None:
    Agency.objects.create(name="City of Example", token_digest="1")

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Agency.objects.create(name=name, token_digest=digest)

    assert Agency.objects.count() == 1


def test_the_last_use_is_noted_once_an_hour(django_assert_num_queries: Any) -> None:
    agency, bike = AgencyClient(), make_bike()
    path = f"/mds/vehicles/{bike.pk}"
    agency.get(path)
    noted_at = Agency.objects.values_list("last_used_at", flat=True).get()

    with django_assert_num_queries(2):  # the token, the bike
        agency.get(path)

    assert noted_at is not None
    assert Agency.objects.values_list("last_used_at", flat=True).get() == noted_at
    Agency.objects.update(last_used_at=noted_at - timedelta(hours=1))
    agency.get(path)
    assert Agency.objects.filter(last_used_at__gte=noted_at).exists()


def test_each_reading_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    agency = AgencyClient()

    with caplog.at_level(logging.INFO, logger="bikerental.feeds.api.mds"):
        agency.get("/mds/trips", {"end_time": "2026-06-15T12", "name": "somebody@example.org"})

    [line] = [record.getMessage() for record in caplog.records if record.name == "bikerental.feeds.api.mds"]
    assert line == f"Agency {agency.new.id} read /mds/trips {{'end_time': '2026-06-15T12'}}: 404"


def test_each_agency_has_its_own_rate(settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"agency": "2/day"}}
    one, other = AgencyClient("One"), AgencyClient("Other")

    statuses = [one.get("/mds/vehicles").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert other.get("/mds/vehicles").status_code == 200


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (ACCEPT, 200),
        ('application/vnd.mds+json; version="2.0"', 200),
        ("application/vnd.mds+json;version=1.2, application/vnd.mds+json;version=2.0;q=0.5", 200),
        ("application/vnd.mds+json", 200),
        ("application/json", 200),
        ("*/*", 200),
        ("", 200),
        ("application/vnd.mds+json;version=1.2", 406),
        ("application/vnd.mds+json;version=2.1", 406),
        ("application/vnd.mds+json;version=2.0.0", 406),
        ("application/vnd.mds+json;version=2", 406),
        ("application/vnd.mds+json;version=2.0;q=0", 406),
        ("image/png", 406),
        (",;=,;;", 406),
    ],
)
def test_the_version_is_agreed_on(accept: str, expected: int) -> None:
    answer = AgencyClient(accept=accept).get("/mds/vehicles")

    assert answer.status_code == expected
    if expected == 200:
        assert answer.headers["Content-Type"] == ACCEPT
    else:
        assert answer.json()["code"] == "not_acceptable"


def test_an_operator_makes_a_token_and_sees_it_once(operator: Client) -> None:
    page = operator.post(reverse("admin:feeds_agency_add"), {"name": "City of Example"}).content.decode()

    token = page.split('<code id="token">')[1].split("<")[0]
    assert status(token) == 200
    agency = Agency.objects.get()
    for url in (
        reverse("admin:feeds_agency_changelist"),
        reverse("admin:feeds_agency_change", args=[agency.pk]),
        reverse("admin:feeds_agency_history", args=[agency.pk]),
    ):
        shown = operator.get(url).content.decode()
        assert "City of Example" in shown
        assert token not in shown
        assert agency.token_digest not in shown


def test_the_page_with_a_token_is_not_cached(operator: Client) -> None:
    answer = operator.post(reverse("admin:feeds_agency_add"), {"name": "City of Example"})

    assert "no-store" in answer.headers["Cache-Control"]


def test_the_admin_refuses_a_second_token_of_one_name(operator: Client) -> None:
    AgencyClient("City of Example")

    page = operator.post(reverse("admin:feeds_agency_add"), {"name": "City of Example"}).content.decode()

    assert "An agency of this name has a token." in page
    assert Agency.objects.count() == 1


def test_an_operator_ends_a_token(operator: Client) -> None:
    agency = AgencyClient()

    operator.post(reverse("admin:feeds_agency_changelist"), {"action": "end", "_selected_action": [str(agency.new.id)]})

    assert agency.get("/mds/vehicles").status_code == 401


def test_view_rights_alone_end_no_token() -> None:
    watcher = make_user(is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_agency"))
    client, agency = Client(), AgencyClient()
    client.force_login(watcher)

    client.post(reverse("admin:feeds_agency_changelist"), {"action": "end", "_selected_action": [str(agency.new.id)]})

    assert client.get(reverse("admin:feeds_agency_add")).status_code == 403
    assert agency.get("/mds/vehicles").status_code == 200
