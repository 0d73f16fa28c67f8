"""The only row locks of the rentals app. Order in the house: user, rental, bike."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from bikerental.core.db.statements import Columns, Select
from bikerental.fleet.models import Bike
from bikerental.maintenance.selectors import grave_reports_of
from bikerental.rentals.models import Rental
from bikerental.rentals.selectors import RENTAL
from bikerental.rentals.types import RentalRow


class LockedRental(NamedTuple):
    rental: RentalRow
    rider_id: UUID | None
    start_latitude: float | None  # of the station it was taken from, which may have moved
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


def rental_lock(*, rental_id: UUID, rider_id: UUID | None = None) -> LockedRental | None:
    """The rental and then its bike, locked, with what its answer shows; only the rider's where one is given.

    One statement.
    """
    locked = _RENTAL.first(rental_id=rental_id)
    if locked is None or rider_id not in (None, locked.rider_id):
        return None
    return locked


def returned_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """Those of the rentals that still await settling, locked, with their bikes. One statement.

    Another worker's are left to it.
    """
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).select_related("bike")
    return list(rentals.filter(pk__in=rental_ids, status=Rental.Status.RETURNED).order_by("pk"))


def open_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """Those of the rentals that are still active, locked, with their bikes. One statement."""
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True).select_related("bike")
    return list(rentals.filter(pk__in=rental_ids, status=Rental.Status.ACTIVE).order_by("pk"))


def somebodys_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[UUID]:
    """The ids of those settled rentals that still are somebody's, locked.

    One statement. Another worker's are left to it.
    """
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    kept = rentals.filter(pk__in=rental_ids, status=Rental.Status.SETTLED, rider__isnull=False)
    return list(kept.order_by("pk").values_list("pk", flat=True))
