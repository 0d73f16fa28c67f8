"""What the rentals app reads. Rows, not model instances: a page of fifty is built in a fraction
of the time. Each function states its statements."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from bikerental.rentals.exceptions import NoActiveRentalError, RentalNotFoundError
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import Cost, Terms, price

FIELDS = (
    "id", "status", "started_at", "ended_at",
    "bike_id", "bike__number", "bike__model_id", "bike__model__name", "bike__model__propulsion",
    "start_station_id", "start_station__name", "end_station_id", "end_station__name",
    "tariff_name", "currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap", "overdue_after_minutes",
    "cost_amount", "cost_lines",
)  # fmt: skip


class RentalRow(NamedTuple):
    """A rental as its rider sees it; the fields stand in the order of FIELDS."""

    id: UUID
    status: str
    started_at: datetime
    ended_at: datetime | None
    bike_id: UUID
    bike_number: str
    model_id: UUID
    model_name: str
    model_propulsion: str
    start_station_id: UUID | None
    start_station_name: str | None
    end_station_id: UUID | None
    end_station_name: str | None
    tariff_name: str
    currency: str
    unlock_fee: Decimal
    per_minute: Decimal
    free_minutes: int
    daily_cap: Decimal | None
    overdue_after_minutes: int
    cost_amount: Decimal | None
    cost_lines: list[dict[str, Any]] | None

    @classmethod
    def of(cls, rental: Rental) -> Self:
        """From an instance that a service has just written, without a further statement."""
        return cls._make(_attribute(rental, path) for path in FIELDS)

    def cost_at(self, now: datetime) -> Cost:
        terms = Terms(self.currency, self.unlock_fee, self.per_minute, self.free_minutes, self.daily_cap)
        return price(terms, started_at=self.started_at, ended_at=self.ended_at or now)

    def is_overdue(self, now: datetime) -> bool:
        return (self.ended_at or now) - self.started_at > timedelta(minutes=self.overdue_after_minutes)


def _attribute(rental: Rental, path: str) -> Any:
    value: Any = rental
    for name in path.split("__"):
        value = getattr(value, name, None)
    return value


def rentals_of_rider(
    *, rider_id: UUID, status: str | None = None, started_from: datetime | None = None, started_to: datetime | None = None
) -> QuerySet[Rental, tuple[Any, ...]]:
    """The rider's rentals as FIELDS, unordered: the page orders them. One statement."""
    rentals = Rental.objects.filter(rider_id=rider_id)
    if status is not None:
        rentals = rentals.filter(status=status)
    if started_from is not None:
        rentals = rentals.filter(started_at__gte=started_from)
    if started_to is not None:
        rentals = rentals.filter(started_at__lt=started_to)
    return rentals.values_list(*FIELDS)


def rental_of_rider(*, rental_id: UUID, rider_id: UUID) -> RentalRow:
    """One statement.

    :raises RentalNotFoundError: also where it is another rider's
    """
    row = rentals_of_rider(rider_id=rider_id).filter(pk=rental_id).first()
    if row is None:
        raise RentalNotFoundError
    return RentalRow._make(row)


def rental_active_of_rider(*, rider_id: UUID) -> RentalRow:
    """One statement.

    :raises NoActiveRentalError: if the rider is not riding
    """
    row = rentals_of_rider(rider_id=rider_id, status=Rental.Status.ACTIVE).order_by("-started_at").first()
    if row is None:
        raise NoActiveRentalError
    return RentalRow._make(row)


def rentals_for_export(*, rider_id: UUID) -> list[RentalRow]:
    """Every rental of the rider, oldest first. One statement."""
    return list(map(RentalRow._make, rentals_of_rider(rider_id=rider_id).order_by("started_at", "pk")))


def rental_counts(*, now: datetime) -> dict[str, int]:
    """How many rides are open, overdue and unsettled, by way of the partial indexes. One statement."""
    unfinished = Rental.objects.exclude(status=Rental.Status.SETTLED)
    return unfinished.aggregate(
        open=Count("pk", filter=Q(status=Rental.Status.ACTIVE)),
        overdue=Count("pk", filter=Q(status=Rental.Status.ACTIVE, overdue_at__isnull=False)),
        unsettled=Count("pk", filter=Q(status=Rental.Status.RETURNED)),
    )
