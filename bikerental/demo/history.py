"""The log of the invented city's bikes: each was put on the street, made its last ride, and was held or taken away."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from bikerental.demo.city import NULL, OPERATOR, City, LastRide, make_row
from bikerental.demo.reservations import Hold
from bikerental.fleet.constants import ActorKind
from bikerental.rentals.models import Reservation

COLUMNS = (
    "bike_id happened_at event_types state latitude longitude station_id rental_id reservation_id actor operator_id "
    "note"
)
_BEFORE_THE_END = timedelta(minutes=5)


def log(city: City, holds: dict[int, Hold]) -> Iterator[str]:
    """Columns: see COLUMNS. Call it after `City.rentals`. The rows of a bike come in the order of their times."""
    for bike in range(city.size.bikes):
        for event in _bike_events(city, bike, holds.get(bike)):
            yield _row(city, bike, event)


class _Event(NamedTuple):
    happened_at: datetime | str
    event_type: str
    state: str
    place: int
    rental: str = NULL
    reservation: str = NULL
    by: ActorKind = ActorKind.SYSTEM


def _row(city: City, bike: int, event: _Event) -> str:
    station, latitude, longitude = city.place(bike, event.place)
    operator = OPERATOR if event.by == ActorKind.OPERATOR else NULL
    return make_row(
        city.bike_ids[bike], event.happened_at, f"{{{event.event_type}}}", event.state, latitude, longitude, station,
        event.rental, event.reservation, event.by, operator, "",
    )  # fmt: skip


def _bike_events(city: City, bike: int, hold: Hold | None) -> Iterator[_Event]:
    here, ride = city.standing[bike], city.last_rides[bike]
    used = hold if hold is not None and hold.status == Reservation.Status.USED else None
    first = ride.start if ride else here
    yield _Event(city.opened_at - timedelta(hours=1), "provider_drop_off", "available", first)
    if ride is not None:
        yield from _ride_events(ride, used)
    if hold is not None and used is None:
        yield _Event(hold.created_at, "reservation_start", "reserved", here, reservation=hold.id, by=ActorKind.RIDER)
        if hold.ended_at is not None:
            yield _Event(hold.ended_at, "reservation_cancel", "available", here, reservation=hold.id, by=hold.ended_by)
    if city.status(bike) == "maintenance":
        yield _Event(city.ends_at - _BEFORE_THE_END, "maintenance", "maintenance", here)


def _ride_events(ride: LastRide, used: Hold | None) -> Iterator[_Event]:
    """:param used: the reservation that the ride used"""
    reservation = NULL
    if used is not None:
        reservation = used.id
        yield _Event(
            used.created_at, "reservation_start", "reserved", ride.start, reservation=reservation, by=ActorKind.RIDER
        )
    yield _Event(ride.started_at, "trip_start", "rented", ride.start, ride.id, reservation, ActorKind.RIDER)
    end = "trip_cancel" if ride.is_cancelled else "trip_end"
    yield _Event(ride.ended_at, end, "available", ride.end, ride.id, by=ActorKind.RIDER)
