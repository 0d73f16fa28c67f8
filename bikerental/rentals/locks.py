"""The row locks of the rentals app. The overview (docs/architecture/overview.md) has the order of locks."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import CharField, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from bikerental.core.db.columns import Columns
from bikerental.core.db.statements import Samples, Select
from bikerental.fleet.models import Bike
from bikerental.fleet.numbers import number_key
from bikerental.fleet.selectors import BIKE_FOR_RENTAL, with_number_key
from bikerental.fleet.types import BikeForRental
from bikerental.maintenance.selectors import grave_reports_of
from bikerental.rentals.models import Rental, Reservation
from bikerental.rentals.selectors import RENTAL
from bikerental.rentals.types import RentalRow


class LockedRental(NamedTuple):
    rental: RentalRow
    rider_id: UUID | None
    start_latitude: float | None  # of the station where the ride began, which may have moved
    start_longitude: float | None
    is_gravely_reported: bool
    start_is_returning: bool | None


_RENTAL = Select(
    Columns(
        LockedRental,
        rental=RENTAL,
        start_latitude="start_station__latitude",
        start_longitude="start_station__longitude",
        is_gravely_reported=grave_reports_of("bike_id"),
        start_is_returning="start_station__is_returning",
    ),
    lambda v: Rental.objects.filter(pk=v["rental_id"]),
    lock=[Rental, Bike],
    rental_id=UUID,
)


class BikesToRent(NamedTuple):
    requested: BikeForRental | None
    reserved: BikeForRental | None  # another bike, which the rider has reserved


class _BikeToRent(NamedTuple):
    bike: BikeForRental
    reserved_id: str | None  # of the bike that the rider has reserved


def _requested_or_reserved(requested: Q, v: Samples) -> QuerySet[Bike]:
    own = Reservation.objects.filter(rider_id=v["rider_id"], status=Reservation.Status.ACTIVE)
    reserved = Subquery(own.values("bike_id"))
    bikes = Bike.objects.filter(requested | Q(pk=reserved)).order_by("pk")
    return bikes.annotate(reserved_id=Cast(reserved, CharField()))


_BIKE_TO_RENT = Columns(_BikeToRent, bike=BIKE_FOR_RENTAL)
_BY_ID = Select(
    _BIKE_TO_RENT, lambda v: _requested_or_reserved(Q(pk=v["bike_id"]), v), lock=[Bike], bike_id=UUID, rider_id=UUID
)
_BY_NUMBER = Select(
    _BIKE_TO_RENT,
    lambda v: _requested_or_reserved(with_number_key(v["number_key"]), v),
    lock=[Bike],
    number_key=str,
    rider_id=UUID,
)


def bikes_to_rent_lock(*, rider_id: UUID, bike_id: UUID | None = None, bike_number: str | None = None) -> BikesToRent:
    """The bike by its id or number, with model, tariff and station, and the bike that the rider has reserved.

    Both are locked in the order of their ids. One statement. The caller has locked the rider, so the rider cannot
    begin another reservation meanwhile.

    Only bikes are locked, so rentals of other bikes read the same tariff without waiting. After a wait, PostgreSQL has
    the current version of the bike but old versions of the joined rows: a bike whose tariff or model changed finds none
    and is left out, and a bike at a new station lacks the station's name. Only for these, a second statement reads
    everything again.
    """
    key = None if bike_number is None else number_key(bike_number)
    bikes, is_complete = _bikes_to_rent(rider_id, bike_id, key)
    if not is_complete:
        bikes, _ = _bikes_to_rent(rider_id, bike_id, key)
    return bikes


def _bikes_to_rent(rider_id: UUID, bike_id: UUID | None, key: str | None) -> tuple[BikesToRent, bool]:
    """The bikes, and whether no part of them is missing."""
    if bike_id is not None:
        rows = _BY_ID.rows(rider_id=rider_id, bike_id=bike_id)
    else:
        rows = _BY_NUMBER.rows(rider_id=rider_id, number_key=key)
    requested = reserved = None
    found = list(rows)
    for bike, _ in found:
        if bike.id == str(bike_id) or (key is not None and number_key(bike.number) == key):
            requested = bike
        else:
            reserved = bike
    is_complete = (
        requested is not None
        and (requested.station_id is None or requested.station_name is not None)
        and (reserved is not None or found[0].reserved_id in (None, requested.id))
    )
    return BikesToRent(requested, reserved), is_complete


def rental_lock(*, rental_id: UUID, rider_id: UUID | None = None) -> LockedRental | None:
    """The rental and then its bike, locked, with the fields of the response. With `rider_id` only this rider's rental.

    One statement, and a second one if the first finds nothing: after a wait, PostgreSQL leaves out a rental whose bike
    got another model meanwhile (see `bikes_to_rent_lock`).
    """
    locked = _RENTAL.first(rental_id=rental_id) or _RENTAL.first(rental_id=rental_id)
    if locked is None or rider_id not in (None, locked.rider_id):
        return None
    return locked


def returned_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """The returned rentals that are not settled, locked, with their bikes. One statement.

    Rentals that another worker has locked are left out.
    """
    return _rentals_lock(rental_ids, Rental.Status.RETURNED)


def active_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """The active ones of the rentals, locked, with their bikes. One statement."""
    return _rentals_lock(rental_ids, Rental.Status.ACTIVE)


def _rentals_lock(rental_ids: Sequence[UUID], status: Rental.Status) -> list[Rental]:
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).select_related("bike")
    return list(rentals.filter(pk__in=rental_ids, status=status).order_by("pk"))


def rentals_with_rider_lock(*, rental_ids: Sequence[UUID]) -> list[UUID]:
    """The ids of the settled rentals that still have a rider, locked.

    One statement. Rentals that another worker has locked are left out.
    """
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    kept = rentals.filter(pk__in=rental_ids, status=Rental.Status.SETTLED, rider__isnull=False)
    return list(kept.order_by("pk").values_list("pk", flat=True))
