"""The rows of a ride, written by statements whose SQL is kept."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bikerental.core.statements import Samples, Statement, insert, update
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.types import RentalRow

_RENTAL = Statement(
    lambda v: insert(Rental(**v, created_at=v["started_at"])),
    id=UUID,
    rider_id=UUID,
    bike_id=UUID,
    started_at=datetime,
    start_station_id=UUID,
    tariff_id=UUID,
    tariff_name=str,
    currency=str,
    unlock_fee=Decimal,
    per_minute=Decimal,
    free_minutes=int,
    daily_cap=Decimal,
    overdue_after_minutes=int,
)
_EVENT = Statement(
    lambda v: insert(RentalEvent(**v)), rental_id=UUID, kind=str, happened_at=datetime, actor_id=UUID, reason=str
)


def _end(v: Samples) -> tuple[str, tuple[object, ...]]:
    active = Rental.objects.filter(pk=v["rental_id"], status=Rental.Status.ACTIVE)
    return update(active, status=Rental.Status.RETURNED, ended_at=v["ended_at"], end_station_id=v["end_station_id"])


_END = Statement(_end, rental_id=UUID, ended_at=datetime, end_station_id=UUID)


def rental_insert(rental: RentalRow, *, rider_id: UUID, tariff_id: UUID) -> None:
    _RENTAL.run(rider_id=rider_id, tariff_id=tariff_id, **rental._asdict())


def rental_update_ended(rental: RentalRow) -> None:
    """The caller has locked it and seen it active."""
    _END.run(rental_id=rental.id, ended_at=rental.ended_at, end_station_id=rental.end_station_id)


def event_insert(
    rental_id: UUID, kind: RentalEvent.Kind, *, happened_at: datetime, actor_id: UUID, reason: str = ""
) -> None:
    _EVENT.run(rental_id=rental_id, kind=kind.value, happened_at=happened_at, actor_id=actor_id, reason=reason)
