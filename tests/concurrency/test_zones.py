"""A zone that is drawn while rides end there, over real HTTP against two web processes; zones drawn at once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests

from bikerental.rentals.models import Rental
from bikerental.zones.models import Zone
from bikerental.zones.services import zone_add, zone_redraw
from tests.factories import make_rental, make_user
from tests.support.interleaving import interleave
from tests.support.logins import bearer, login
from tests.support.threads import at_once
from tests.zones.drawing import make_zone, new_zone, polygon, square

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_SECONDS = 60
RIDES = 20
PARK = polygon(square(30.3, 59.92, 30.32, 59.94))


def end(address: str, rental: Rental, headers: dict[str, str]) -> requests.Response:
    place = {"latitude": 59.93, "longitude": 30.31}
    return requests.post(f"{address}rentals/{rental.pk}/return/", headers=headers, json=place, timeout=WAIT_SECONDS)


def test_a_zone_drawn_while_rides_end_is_before_or_after_each(address: str) -> None:
    riders = [make_user() for _ in range(RIDES)]
    rentals = [make_rental(rider=rider) for rider in riders]
    headers = [bearer(login(address, rider.email)) for rider in riders]
    acts: list[Callable[[], Any]] = [partial(end, address, *each) for each in zip(rentals, headers, strict=True)]
    acts.append(partial(make_zone, PARK, kind="no_return"))

    *answers, _zone = at_once(lambda number: acts[number](), times=len(acts))

    for answer, rental in zip(answers, rentals, strict=True):
        rental.refresh_from_db()
        rental.bike.refresh_from_db()
        outcome = (rental.status != "active", rental.bike.status)
        assert outcome == ((True, "available") if answer.ok else (False, "rented")), answer.text
        assert answer.ok or answer.json()["reason"] == "no_return_zone"


def test_a_zone_counts_in_every_process_from_its_commit_on(address: str) -> None:
    rider = make_user()
    headers = bearer(login(address, rider.email))

    for number in range(10):
        rental = make_rental(rider=rider)
        zone = make_zone(PARK, kind="no_return", name=f"Park {number}")
        statuses = [end(address, rental, headers).status_code for _ in range(4)]
        zone.delete()
        assert [*statuses, end(address, rental, headers).status_code] == [409, 409, 409, 409, 200]


def test_the_second_of_two_zones_at_once_counts_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    make_zone(name="Before")
    monkeypatch.setattr("bikerental.zones.services.ACTIVE_MAX", 2)

    outcome = interleave(
        monkeypatch,
        "bikerental.zones.services.zones_lock",
        first=lambda: zone_add(zone=new_zone(name="First")),
        second=lambda: zone_add(zone=new_zone(name="Second")),
    )

    assert outcome == (None, "TooManyZonesError", True)
    assert set(Zone.objects.values_list("name", flat=True)) == {"Before", "First"}


def test_the_second_of_two_changes_of_a_zone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = make_zone()

    def rename(name: str) -> None:
        seen = Zone.objects.get(pk=zone.pk)
        seen.name = name
        zone_redraw(zone=seen, fields=["name"], revision=seen.revision)

    outcome = interleave(
        monkeypatch,
        "bikerental.zones.services.zones_lock",
        first=lambda: rename("First"),
        second=lambda: rename("Second"),
    )

    assert outcome == (None, "ZoneChangedError", True)
    assert Zone.objects.get().name == "First"
