"""The log of the invented city's bikes: each was put on the street, made its last ride, and was held or taken away."""

from collections.abc import Iterator
from datetime import timedelta

from bikerental.demo.city import NULL, OPERATOR, City, make_row
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
        yield from _bike_events(city, bike, holds.get(bike))


def _bike_events(city: City, bike: int, hold: Hold | None) -> Iterator[str]:
    def row(
        when: object,
        what: str,
        state: str,
        place: int,
        *,
        rental: str = NULL,
        reservation: str = NULL,
        by: ActorKind = ActorKind.SYSTEM,
    ) -> str:
        station, latitude, longitude = city.place(bike, place)
        operator = OPERATOR if by == ActorKind.OPERATOR else NULL
        return make_row(
            city.bike_ids[bike], when, f"{{{what}}}", state, latitude, longitude, station,
            rental, reservation, by, operator, "",
        )  # fmt: skip

    here, ride = city.standing[bike], city.last_rides[bike]
    is_used = hold is not None and hold.status == Reservation.Status.USED
    yield row(city.opened_at - timedelta(hours=1), "provider_drop_off", "available", ride.start if ride else here)
    if ride is not None:
        of_hold = NULL
        if hold is not None and is_used:
            of_hold = hold.id
            yield row(
                hold.created_at, "reservation_start", "reserved", ride.start, reservation=of_hold, by=ActorKind.RIDER
            )
        what = "trip_cancel" if ride.is_cancelled else "trip_end"
        yield row(
            ride.started_at, "trip_start", "rented", ride.start,
            rental=ride.id, reservation=of_hold, by=ActorKind.RIDER,
        )  # fmt: skip
        yield row(ride.ended_at, what, "available", ride.end, rental=ride.id, by=ActorKind.RIDER)
    if hold is not None and not is_used:
        yield row(hold.created_at, "reservation_start", "reserved", here, reservation=hold.id, by=ActorKind.RIDER)
        if hold.ended_at is not None:
            yield row(hold.ended_at, "reservation_cancel", "available", here, reservation=hold.id, by=hold.ended_by)
    if city.status(bike) == "maintenance":
        yield row(city.ends_at - _BEFORE_THE_END, "maintenance", "maintenance", here)
