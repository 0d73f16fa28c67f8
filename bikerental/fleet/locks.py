"""The only row locks of the fleet app. Order in the house: user, rental, bike."""

from collections.abc import Sequence
from uuid import UUID

from bikerental.fleet.models import Bike


def bike_lock_for_rental(*, bike_id: UUID | None = None, number: str | None = None) -> Bike | None:
    """The bike by its id or by its number, locked, with model, tariff and station. One statement.

    Only the bike is locked: a rental of another bike reads the same tariff without waiting.
    """
    bikes = Bike.objects.select_for_update(no_key=True, of=("self",)).select_related("model", "tariff", "station")
    key = {"pk": bike_id} if bike_id is not None else {"number": number}
    return bikes.filter(**key).first()


def bikes_lock(*, bike_ids: Sequence[UUID]) -> None:
    """The bikes, locked in the order of their ids, so that no two wait for each other. One statement."""
    bikes = Bike.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=bike_ids)
    list(bikes.order_by("pk").values_list("pk"))
