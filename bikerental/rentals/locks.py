"""The only row locks of the rentals app. Order in the house: user, rental, bike."""

from collections.abc import Sequence
from uuid import UUID

from bikerental.rentals.models import Rental


def rental_lock(*, rental_id: UUID, rider_id: UUID | None = None) -> Rental | None:
    """The rental, locked, with what its answer shows; only the rider's where one is given. One statement."""
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",)).filter(pk=rental_id)
    if rider_id is not None:
        rentals = rentals.filter(rider_id=rider_id)
    return rentals.select_related("bike__model", "start_station").first()


def returned_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """Those of the rentals that still await settling, locked; another worker's are left to it. One statement."""
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return list(rentals.filter(pk__in=rental_ids, status=Rental.Status.RETURNED).order_by("pk"))


def open_rentals_lock(*, rental_ids: Sequence[UUID]) -> list[Rental]:
    """Those of the rentals that are still active, locked. One statement."""
    rentals = Rental.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return list(rentals.filter(pk__in=rental_ids, status=Rental.Status.ACTIVE).order_by("pk"))
