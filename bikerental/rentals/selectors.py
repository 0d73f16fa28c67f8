"""The reads of the rentals app.

They return rows, not model instances: a page of fifty is built in a fraction of the time. Each docstring states the
number of statements.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import BooleanField, Case, CharField, Count, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Now

from bikerental.billing.selectors import adjustment_of
from bikerental.core.db.columns import Columns, Shared, as_text
from bikerental.core.db.keyset import PAGE_SIZE_MAX, Cursor, Page, PageShape, after, pages_after, rows_in_pages
from bikerental.core.db.statements import Samples, Select
from bikerental.fleet.types import BikeModelRow, TariffTerms
from bikerental.rentals.constants import CANCELLED, REPORTS_COUNT_FOR, UNUSED_COUNT_FOR
from bikerental.rentals.exceptions import NoActiveRentalError, NoActiveReservationError, RentalNotFoundError
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.rentals.types import HoldRow, RentalRow, ReservationRow

_TERMS = Shared(TariffTerms, name="tariff_name")
_MODEL = Shared(BikeModelRow, id="bike__model__id", name="bike__model__name", propulsion="bike__model__propulsion")
# Ids are texts: for a page, making 250 UUID objects and turning them into text again takes longer than its SQL.
_RENTAL: dict[str, Any] = {
    "id": as_text("id"),
    "status": Case(When(is_cancelled=True, then=Value(CANCELLED)), default=F("status"), output_field=CharField()),
    "bike_id": as_text("bike_id"),
    "bike_number": "bike__number",
    "model": _MODEL,
    "start_station_id": as_text("start_station_id"),
    "start_station_name": "start_station__name",
    "end_station_id": as_text("end_station_id"),
    "end_station_name": "end_station__name",
    "terms": _TERMS,
    "cost_amount": as_text("cost_amount"),
    "cost_lines": as_text("cost_lines"),
}
# Without adjustments, for rides that are not settled or if adjustments do not matter.
RENTAL = Columns(RentalRow, **_RENTAL, adjustment=Value(None, CharField()))
_ADJUSTED_RENTAL = Columns(RentalRow, **_RENTAL, adjustment=Cast(adjustment_of("pk"), CharField()))
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)
NEWEST_FIRST = ("-started_at", "-id")
_TYPES: dict[str, Any] = {
    "rider_id": UUID,
    "rental_id": UUID,
    "started_from": datetime,
    "started_to": datetime,
    "cursor_started_at": datetime,
    "cursor_id": UUID,
}
_LOOKUPS = {
    "rider_id": "rider_id",
    "rental_id": "pk",
    "status": "status",
    "started_from": "started_at__gte",
    "started_to": "started_at__lt",
}


class RentalFilters(NamedTuple):
    """The filters of a rider's rentals; None means any."""

    status: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None


def rentals_page(
    *,
    rider_id: UUID,
    filters: RentalFilters,
    page: Page[RentalRow],
    using: str = DEFAULT_DB_ALIAS,
) -> Page[RentalRow]:
    """The rider's rentals, NEWEST_FIRST. One statement."""
    values: dict[str, Any] = {"rider_id": rider_id}
    values |= {name: value for name, value in filters._asdict().items() if name != "status" and value is not None}
    values |= page.values
    statement = _page_statement(filters.status, tuple(values), page.shape)
    return page.filled(statement.rows(using=using, **values))


@lru_cache(maxsize=256)
def _page_statement(status: str | None, names: tuple[str, ...], shape: PageShape) -> Select[RentalRow]:
    """The statement for one combination of filters. Status and page size are literals in its SQL."""

    def rentals(v: Samples) -> QuerySet[Rental]:
        return shape.select(_rentals(v if status is None else {**v, "status": status}), v)

    return Select(_ADJUSTED_RENTAL, rentals, **{name: _TYPES[name] for name in names})


def _rentals(v: Samples) -> QuerySet[Rental]:
    given = {lookup: v[name] for name, lookup in _LOOKUPS.items() if name in v}
    if v.get("status") == CANCELLED:
        del given["status"]
        return Rental.objects.filter(**given, is_cancelled=True)
    if v.get("status") == Rental.Status.SETTLED:
        given["is_cancelled"] = False
    return Rental.objects.filter(**given)


_ONE = Select(_ADJUSTED_RENTAL, _rentals, rider_id=UUID, rental_id=UUID)
OLDEST_FIRST = ("started_at", "id")


def _after(v: Samples) -> QuerySet[Rental]:
    rentals = _rentals({"rider_id": v["rider_id"]})
    rentals = rentals.filter(after(OLDEST_FIRST, Cursor((v["cursor_started_at"], v["cursor_id"]))))
    return rentals.order_by(*OLDEST_FIRST)[:PAGE_SIZE_MAX]


_AFTER = Select(_ADJUSTED_RENTAL, _after, rider_id=UUID, cursor_started_at=datetime, cursor_id=UUID)
_ACTIVE = Select(RENTAL, lambda v: _rentals({**v, "status": Rental.Status.ACTIVE}), rider_id=UUID)


def rental_of_rider(*, rental_id: UUID, rider_id: UUID) -> RentalRow:
    """One statement.

    :raises RentalNotFoundError: if there is none, or it is another rider's
    """
    row = _ONE.first(rental_id=rental_id, rider_id=rider_id)
    if row is None:
        raise RentalNotFoundError
    return row


def rental_active_of_rider(*, rider_id: UUID) -> RentalRow:
    """One statement.

    :raises NoActiveRentalError: if the rider is not riding
    """
    row = _ACTIVE.first(rider_id=rider_id)
    if row is None:
        raise NoActiveRentalError
    return row


def is_riding(*, rider_id: UUID) -> bool:
    """One statement."""
    return Rental.objects.filter(rider_id=rider_id, status=Rental.Status.ACTIVE).exists()


def has_ridden_lately(*, rider_id: UUID, bike_id: UUID, now: datetime) -> bool:
    """Whether the rider rode the bike within REPORTS_COUNT_FOR, or rides it now. One statement."""
    lately = Q(status=Rental.Status.ACTIVE) | Q(ended_at__gt=now - REPORTS_COUNT_FOR)
    return Rental.objects.filter(lately, rider_id=rider_id, bike_id=bike_id).exists()


def active_rental_id(*, rider_id: UUID) -> UUID | None:
    """One statement."""
    return Rental.objects.filter(rider_id=rider_id, status=Rental.Status.ACTIVE).values_list("pk", flat=True).first()


def riders_riding(*, rider_ids: Collection[UUID]) -> list[UUID]:
    """The riders among these who are riding. One statement."""
    active = Rental.objects.filter(rider_id__in=rider_ids, status=Rental.Status.ACTIVE)
    return list(active.values_list("rider_id", flat=True))


def rentals_for_export(*, rider_id: UUID) -> Iterator[list[tuple[RentalRow, list[dict[str, Any]]]]]:
    """Every rental of the rider with its events, oldest first, in pages. Two statements each."""

    def read(last: RentalRow | None) -> list[RentalRow]:
        started_at, rental_id = (BEFORE_ALL, UUID(int=0)) if last is None else (last.started_at, last.id)
        return list(_AFTER.rows(rider_id=rider_id, cursor_started_at=started_at, cursor_id=rental_id))

    for rentals in pages_after(read):
        events = _events([UUID(rental.id) for rental in rentals])
        yield list(zip(rentals, events.values(), strict=True))


def _events(rental_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The events of each rental, in the order of their ids."""
    events: dict[UUID, list[dict[str, Any]]] = {rental_id: [] for rental_id in rental_ids}
    found = RentalEvent.objects.filter(rental__in=rental_ids).order_by("happened_at", "pk")
    for rental_id, kind, happened_at, reason in found.values_list("rental_id", "kind", "happened_at", "reason"):
        events[rental_id].append({"kind": kind, "happened_at": happened_at, "reason": reason})
    return events


_RESERVATION = Columns(
    ReservationRow,
    id=as_text("id"),
    bike_id=as_text("bike_id"),
    bike_number="bike__number",
    model=_MODEL,
)
_RESERVATION_ACTIVE = Select(
    _RESERVATION,
    lambda v: Reservation.objects.filter(
        rider_id=v["rider_id"], status=Reservation.Status.ACTIVE, expires_at__gt=Now()
    ),
    rider_id=UUID,
)


def reservation_active_of_rider(*, rider_id: UUID) -> ReservationRow:
    """One statement.

    :raises NoActiveReservationError: if there is none, or it has expired by the database's clock
    """
    row = _RESERVATION_ACTIVE.first(rider_id=rider_id)
    if row is None:
        raise NoActiveReservationError
    return row


def holds(**filters: Any) -> QuerySet[Reservation, Any]:
    """The active reservations of a bike or a rider as HoldRow, including expired ones."""
    active = Reservation.objects.filter(**filters, status=Reservation.Status.ACTIVE).order_by("bike_id")
    binds = ExpressionWrapper(Q(expires_at__gt=Now()), output_field=BooleanField())
    return active.annotate(binds=binds).values_list(*HoldRow._fields)


def hold_of(**filters: Any) -> HoldRow | None:
    """The active reservation of the bike or the rider, or None. One statement."""
    row = holds(**filters).first()
    return None if row is None else HoldRow._make(row)


def reservation_wait_seconds(*, rider_id: UUID, bike_id: UUID) -> float:
    """Seconds until the rider may reserve the bike; 0 if it is allowed now. Two statements.

    Computed from the rows by the database's clock: unused reservations of this bike, and all of the last 24 hours.
    """
    unused = Reservation.objects.filter(
        rider_id=rider_id, counts=True, status__in=[Reservation.Status.CANCELLED, Reservation.Status.EXPIRED]
    ).order_by("-ended_at")
    cooldown = timedelta(minutes=settings.RESERVATION_COOLDOWN_MINUTES)
    maximum = settings.RESERVATIONS_UNUSED_PER_DAY
    waits = [
        unused.filter(bike_id=bike_id)
        .annotate(wait=F("ended_at") + cooldown - Now())
        .values_list("wait", flat=True)[:1],
        unused.annotate(wait=F("ended_at") + UNUSED_COUNT_FOR - Now()).values_list("wait", flat=True)[
            maximum - 1 : maximum
        ],
    ]
    seconds: list[float] = [wait.total_seconds() for found in waits for wait in found]
    return max([0.0, *seconds])


def reservations_of_rider(*, rider_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """The rider's reservations for the export, in pages. One statement each."""
    fields = ("id", "bike__number", "status", "created_at", "expires_at", "ended_at")
    return rows_in_pages(Reservation.objects.filter(rider=rider_id).values(*fields))


def reservation_counts() -> dict[str, int]:
    """The numbers of active reservations, and of the expired ones among them. One statement."""
    active = Reservation.objects.filter(status=Reservation.Status.ACTIVE)
    return active.aggregate(active=Count("pk"), run_out=Count("pk", filter=Q(expires_at__lte=Now())))


def rental_counts() -> dict[str, int]:
    """The numbers of open, overdue and unsettled rides. One statement, over the partial indexes."""
    unfinished = Rental.objects.filter(Q(status=Rental.Status.ACTIVE) | Q(status=Rental.Status.RETURNED))
    return unfinished.aggregate(
        open=Count("pk", filter=Q(status=Rental.Status.ACTIVE)),
        overdue=Count("pk", filter=Q(status=Rental.Status.ACTIVE, overdue_at__isnull=False)),
        unsettled=Count("pk", filter=Q(status=Rental.Status.RETURNED)),
    )
