"""Whose reports take a bike out of service, and how many bikes before an operator has checked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from bikerental.fleet.models import Bike
from bikerental.maintenance import tasks
from bikerental.maintenance.models import BikeReport, TakeOut, TakeOutLimit
from bikerental.maintenance.selectors import take_out_metrics
from bikerental.maintenance.services import reported_bikes_sweep, reports_close, waiting_bikes_release
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rider_report
from tests.clients import RiderClient
from tests.factories import NOON, make_bike, make_model, make_rental, make_returned_rental, make_tariff, make_user
from tests.support.interleaving import interleave

LIMITS = "/admin/maintenance/takeoutlimit/"
LIMIT = "bikerental.maintenance.services.taking_out.take_out_limit_lock"
HOUR = timedelta(hours=1)


def status(bike: Bike) -> str:
    return Bike.objects.get(pk=bike.pk).status


def ride(bike: Bike, **fields: Any) -> Rental:
    """A ride that ended at NOON by default."""
    return make_returned_rental(bike=bike, **{"started_at": NOON, "minutes": 0} | fields)


def say(rental: Rental, now: Any = NOON, kind: str = "brakes") -> BikeReport:
    return rider_report(rider_id=rental.rider_id, bike_id=rental.bike_id, kind=kind, text="", now=now).report


def take_out(now: Any = NOON) -> Bike:
    """A bike that both of its riders report as dangerous."""
    bike = make_bike()
    say(ride(bike), now)
    say(ride(bike), now)
    return bike


@pytest.mark.django_db
def test_the_sweep_takes_no_bike_out_for_minor_reports() -> None:
    bike = make_bike()
    for _ in range(3):
        say(ride(bike), kind="lights")

    reported_bikes_sweep(now=NOON)

    assert status(bike) == "available"


@pytest.mark.django_db
def test_reports_by_riders_of_other_bikes_do_not_count() -> None:
    bike, clients = make_bike(), [RiderClient(make_user()) for _ in range(3)]
    for client in clients:
        make_returned_rental(rider=client.rider, started_at=timezone.now(), minutes=0)  # of another bike

    answers = [client.post(f"/api/v1/bikes/{bike.pk}/reports/", {"kind": "brakes"}) for client in clients]
    tasks.take_out_reported_bikes()

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert (status(bike), BikeReport.objects.filter(state="open", counts=False).count()) == ("available", 3)


@pytest.mark.django_db
def test_two_who_rode_the_bike_lately_take_it_out() -> None:
    bike = make_bike()
    for _ in range(2):
        client = RiderClient(make_user())
        make_returned_rental(rider=client.rider, bike=bike, started_at=timezone.now(), minutes=0)
        assert client.post(f"/api/v1/bikes/{bike.pk}/reports/", {"kind": "brakes"}).status_code == 201

    assert status(bike) == "maintenance"
    assert [(row.bike_id, row.created_at > NOON) for row in TakeOut.objects.all()] == [(bike.pk, True)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "counts"),
    [
        (lambda bike: make_rental(bike=bike, started_at=NOON - timedelta(days=30)), True),
        (lambda bike: ride(bike, started_at=NOON - timedelta(hours=23, minutes=59)), True),
        (lambda bike: ride(bike, started_at=NOON - timedelta(days=2), minutes=24 * 60 + 1), True),
        (lambda bike: ride(bike, started_at=NOON - timedelta(hours=24)), False),
    ],
    ids=["rides it", "rode it", "ended in time", "a day ago"],
)
def test_a_report_counts_for_a_day_after_the_ride(make: Callable[[Bike], Rental], counts: bool) -> None:
    assert say(make(make_bike())).counts is counts


@pytest.mark.django_db
def test_a_report_that_comes_again_after_a_ride_counts() -> None:
    bike, rider = make_bike(), make_user()
    say(ride(bike))
    first = rider_report(rider_id=rider.pk, bike_id=bike.pk, kind="brakes", text="", now=NOON)
    ride(bike, rider=rider)

    again = rider_report(rider_id=rider.pk, bike_id=bike.pk, kind="brakes", text="", now=NOON)

    assert (first.report.counts, again.is_new, again.report.pk) == (False, False, first.report.pk)
    assert status(bike) == "maintenance"


@pytest.mark.django_db
def test_after_ten_bikes_an_hour_the_rest_waits_with_one_mail() -> None:
    taken = [take_out(NOON + timedelta(minutes=number)) for number in range(10)]
    assert not Notification.objects.exists()

    waiting = [take_out(NOON + timedelta(minutes=10 + number)) for number in range(3)]

    assert {status(bike) for bike in taken} == {"maintenance"}
    assert {status(bike) for bike in waiting} == {"available"}
    told = Notification.objects.get()
    assert (told.kind, told.recipient, told.context) == ("take_outs_paused", None, {"limit": 10, "waiting": 1})
    assert take_out_metrics() == {"bikerental_take_outs_paused": 1, "bikerental_bikes_to_take_out": 3}


@pytest.mark.django_db
def test_one_in_twenty_bikes_of_a_large_fleet_leaves_service() -> None:
    model, tariff = make_model(), make_tariff()
    position = {"latitude": 59.93, "longitude": 30.31}
    fields = {"model": model, "tariff": tariff, **position}
    # 10 bikes are in maintenance. The reported one is the 240th that is in service or was taken out.
    Bike.objects.bulk_create(Bike(number=f"L-{number}", **fields) for number in range(228))
    Bike.objects.bulk_create(Bike(number=f"M-{number}", status="maintenance", **fields) for number in range(21))
    out = Bike.objects.filter(number__startswith="M-")[:11]
    TakeOut.objects.bulk_create(TakeOut(bike=bike, created_at=NOON) for bike in out)

    assert status(take_out()) == "maintenance"
    assert status(take_out()) == "available"
    assert Notification.objects.get().context == {"limit": 12, "waiting": 1}


@pytest.mark.django_db
def test_a_bike_taken_out_an_hour_ago_does_not_count() -> None:
    for _ in range(10):
        take_out(NOON)

    assert status(take_out(NOON + HOUR)) == "maintenance"
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_waiting_bikes_wait_for_an_operator() -> None:
    for _ in range(10):
        take_out()
    waiting = take_out()

    later = take_out(NOON + 2 * HOUR)
    reported_bikes_sweep(now=NOON + 2 * HOUR)

    assert (status(waiting), status(later)) == ("available", "available")
    assert Notification.objects.count() == 1


@pytest.mark.django_db
def test_releasing_what_waits_starts_the_count_anew() -> None:
    for _ in range(10):
        take_out()
    waiting, true = take_out(), take_out()
    false = list(BikeReport.objects.filter(bike=waiting).values_list("pk", flat=True))
    reports_close(report_ids=false, state="dismissed", now=NOON)

    assert waiting_bikes_release(now=NOON) == 1

    assert (status(waiting), status(true)) == ("available", "maintenance")
    assert status(take_out(NOON + timedelta(minutes=1))) == "maintenance"
    assert Notification.objects.count() == 1


@pytest.mark.django_db
def test_a_pause_without_waiting_bikes_ends_the_next_is_told() -> None:
    for _ in range(10):
        take_out()
    waiting = take_out()
    reports = list(BikeReport.objects.filter(bike=waiting).values_list("pk", flat=True))
    reports_close(report_ids=reports, state="dismissed", now=NOON)

    reported_bikes_sweep(now=NOON)

    assert take_out_metrics() == {"bikerental_take_outs_paused": 0, "bikerental_bikes_to_take_out": 0}
    assert status(take_out(NOON + timedelta(minutes=1))) == "available"  # the hour already has its ten
    assert Notification.objects.count() == 2


@pytest.mark.django_db
def test_the_sweep_keeps_the_limit_and_tells() -> None:
    bikes = [make_bike(status="rented") for _ in range(12)]
    for bike in bikes:
        say(ride(bike))
        say(ride(bike))
    Bike.objects.update(status="available")

    reported_bikes_sweep(now=NOON)

    assert Bike.objects.filter(status="maintenance").count() == 10
    assert Notification.objects.get().context == {"limit": 10, "waiting": 2}


@pytest.mark.django_db(transaction=True)
def test_one_of_two_bikes_at_the_limit_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(9):
        take_out()
    bikes = [make_bike(), make_bike()]
    for bike in bikes:
        say(ride(bike))
    second = [ride(bike) for bike in bikes]

    outcome = interleave(monkeypatch, LIMIT, first=lambda: say(second[0]).state, second=lambda: say(second[1]).state)

    assert outcome == ("open", "open", True)
    assert [status(bike) for bike in bikes] == ["maintenance", "available"]
    assert (TakeOut.objects.count(), Notification.objects.count()) == (10, 1)


@pytest.mark.django_db
def test_the_admin_shows_what_waits_and_lets_it_go(client: Client) -> None:
    for _ in range(10):
        take_out()
    waiting = take_out()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    assert 'class="field-waiting">1<' in client.get(LIMITS).content.decode()

    answer = client.post(LIMITS, {"action": "release", "_selected_action": ["1"]}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == ["1 bike left service."]
    assert status(waiting) == "maintenance"


@pytest.mark.django_db
def test_view_rights_alone_release_nothing(client: Client) -> None:
    for _ in range(10):
        take_out()
    waiting, reader = take_out(), make_user(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_takeoutlimit"))
    client.force_login(reader)

    client.post(LIMITS, {"action": "release", "_selected_action": ["1"]})

    assert status(waiting) == "available"


@pytest.mark.django_db
def test_there_is_one_limit() -> None:
    with pytest.raises(IntegrityError, match="take_out_limit_is_one_row"):
        TakeOutLimit.objects.create(id=2)
