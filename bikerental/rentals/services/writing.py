"""The rows of a ride's beginning and of its end, each written by one statement whose SQL is kept."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bikerental.core.db.replica import replica_is_set
from bikerental.core.db.statements import Compiled, Samples, Statement, insert, together, update
from bikerental.fleet.services import bike_releasing, bike_taking
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.types import Ending, RentalRow
from bikerental.users.services import change_noting


def _starting(v: Samples) -> Compiled:
    rental = Rental(**v, created_at=v["started_at"])
    event = RentalEvent(
        rental_id=rental.pk, kind=RentalEvent.Kind.STARTED, happened_at=v["started_at"], actor_id=v["rider_id"]
    )
    return together(bike_taking(v), insert(rental), insert(event), *_noting(v["rider_id"]))


def _ending(v: Samples) -> Compiled:
    active = Rental.objects.filter(pk=v["rental_id"], status=Rental.Status.ACTIVE)
    event = RentalEvent(
        rental_id=v["rental_id"],
        kind=v["kind"],
        happened_at=v["happened_at"],
        actor_id=v["actor_id"],
        reason=v["reason"],
    )
    return together(
        update(active, status=Rental.Status.RETURNED, ended_at=v["ended_at"], end_station_id=v["station_id"]),
        bike_releasing(v),
        insert(event),
        *_noting(v["actor_id"]),
    )


def _noting(actor_id: UUID) -> list[Compiled]:
    return [change_noting(user_id=actor_id)] if replica_is_set() else []


_START_VALUES: dict[str, type] = {
    "id": UUID,
    "rider_id": UUID,
    "bike_id": UUID,
    "started_at": datetime,
    "start_station_id": UUID,
    "tariff_id": UUID,
    "tariff_name": str,
    "currency": str,
    "unlock_fee": Decimal,
    "per_minute": Decimal,
    "free_minutes": int,
    "daily_cap": Decimal,
    "overdue_after_minutes": int,
}
_END_VALUES: dict[str, type] = {
    "rental_id": UUID,
    "bike_id": UUID,
    "ended_at": datetime,
    "station_id": UUID,
    "kind": str,
    "happened_at": datetime,
    "actor_id": UUID,
    "reason": str,
}
_START = Statement(_starting, **_START_VALUES)
_END = Statement(_ending, **_END_VALUES)
_END_ELSEWHERE = Statement(_ending, **_END_VALUES, latitude=float, longitude=float)


def rental_write_start(rental: RentalRow, *, rider_id: UUID, tariff_id: UUID) -> bool:
    """The rental, its bike and its first event; false if the bike was not available. One statement."""
    taken, *_ = _START.counts(rider_id=rider_id, tariff_id=tariff_id, **rental._asdict())
    return bool(taken)


def rental_write_end(rental: RentalRow, ending: Ending, *, latitude: float | None, longitude: float | None) -> bool:
    """The rental, its bike, where it is left if it moved, and the event; false if rental or bike were not as a
    ride has them. One statement. The caller has locked both and seen the rental active."""
    values = ending._asdict() | {
        "rental_id": rental.id,
        "bike_id": rental.bike_id,
        "ended_at": rental.ended_at,
        "station_id": rental.end_station_id,
    }
    if latitude is None or longitude is None:
        return all(_END.counts(**values))
    return all(_END_ELSEWHERE.counts(**values, latitude=latitude, longitude=longitude))
