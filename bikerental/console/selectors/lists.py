"""What waits for an operator: the counts on the console's first page, and the list behind each count."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bikerental.console.constants import LIST_LENGTH, NEAR_METRES
from bikerental.core.db.keyset import Order
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.selectors import stations_with_bikes
from bikerental.maintenance.constants import GRAVE_KINDS, ReportState
from bikerental.maintenance.models import BikeReport
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental

R = TypeVar("R")
METRES_PER_DEGREE = 111_320.0


def rides_now() -> QuerySet[Rental]:
    return Rental.objects.filter(status=Rental.Status.ACTIVE)


def rides_overdue() -> QuerySet[Rental]:
    return rides_now().filter(overdue_at__isnull=False)


def rides_unsettled(*, before: datetime) -> QuerySet[Rental]:
    """Rides that ended before this time and have no final cost yet."""
    return Rental.objects.filter(status=Rental.Status.RETURNED, ended_at__lt=before)


RIDES_ORDER: Order = ("started_at", "id")
OLDEST_FIRST: Order = ("created_at", "id")
NEWEST_FIRST: Order = ("-created_at", "-id")
STATIONS_ORDER: Order = ("name", "id")


def rows_listed(rows: QuerySet[Any, R], order: Order) -> list[R]:
    """The first rows, and one more if there are more. One statement."""
    return list(rows.order_by(*order)[: LIST_LENGTH + 1])


def grave_reports() -> QuerySet[BikeReport]:
    return BikeReport.objects.filter(state=ReportState.OPEN, kind__in=GRAVE_KINDS)


def stations_counted() -> QuerySet[Station, Any]:
    """Stations with `bikes_here` and `bikes_free`, those that a rider can take."""
    free = Bike.objects.filter(station=OuterRef("pk"), status=BikeStatus.AVAILABLE).order_by()
    counts = free.values("station").annotate(number_of=Count("pk")).values("number_of")
    return stations_with_bikes().annotate(bikes_free=Coalesce(Subquery(counts), 0))


STATIONS_EMPTY = Q(is_renting=True, bikes_free=0)
STATIONS_FULL = Q(is_returning=True, bikes_here__gte=F("capacity"))


def messages_failed() -> QuerySet[Notification]:
    return Notification.objects.filter(state=Notification.State.FAILED)


def idle_bikes(*, since: datetime) -> QuerySet[Bike]:
    """Free bikes that are in the fleet since then and that nobody has ridden since."""
    ridden = Rental.objects.filter(bike=OuterRef("pk"), started_at__gte=since)
    return Bike.objects.filter(~Exists(ridden), status=BikeStatus.AVAILABLE, created_at__lt=since)


class IdleBike(NamedTuple):
    """An idle bike, compared with the bikes near it."""

    bike: Any
    idle_since: datetime
    near_bikes: int
    near_rides: int

    @property
    def rides_a_bike(self) -> float | None:
        return self.near_rides / self.near_bikes if self.near_bikes else None


# Bikes in service around each of these, and the rides that began with them. In the middle of a city a hundred bikes are
# around each: their rides are counted once for all, not again for each idle bike.
_SURROUNDINGS = """
    WITH ridden AS MATERIALIZED (
        SELECT bike_id, count(*) AS rides FROM rentals_rental WHERE started_at >= %(since)s GROUP BY bike_id
    )
    SELECT idle.id, count(near.id), coalesce(sum(ridden.rides), 0)::bigint
    FROM fleet_bike idle
    JOIN fleet_bike near ON near.id <> idle.id AND near.status IN ('available', 'rented', 'reserved')
        AND point(near.longitude, near.latitude) <@ box(
            point(idle.longitude - %(degrees)s / greatest(0.01, cosd(idle.latitude)), idle.latitude - %(degrees)s),
            point(idle.longitude + %(degrees)s / greatest(0.01, cosd(idle.latitude)), idle.latitude + %(degrees)s))
    LEFT JOIN ridden ON ridden.bike_id = near.id
    WHERE idle.id = ANY(%(ids)s::uuid[])
    GROUP BY idle.id
"""


def idle_listed(*, now: datetime, days: int, length: int = LIST_LENGTH + 1) -> list[IdleBike]:
    """The longest idle first; as in `rows_listed`, one more than a page shows. Two statements."""
    since = now - timedelta(days=days)
    last = Rental.objects.filter(bike=OuterRef("pk")).order_by("-started_at").values("started_at")[:1]
    idle_since = Coalesce(Subquery(last), F("created_at"), output_field=DateTimeField())
    idle: Any = (
        idle_bikes(since=since)
        .annotate(idle_since=idle_since)
        .select_related("station", "model")
        .order_by("idle_since", "id")[:length]
    )
    near = _surroundings([bike.pk for bike in idle], since)
    return [IdleBike(bike, bike.idle_since, *near.get(bike.pk, (0, 0))) for bike in idle]


def _surroundings(bike_ids: list[UUID], since: datetime) -> dict[UUID, tuple[int, int]]:
    values: dict[str, Any] = {"ids": bike_ids, "since": since, "degrees": NEAR_METRES / METRES_PER_DEGREE}
    with connection.cursor() as cursor:
        cursor.execute(_SURROUNDINGS, values)
        return {bike_id: (bikes, rides) for bike_id, bikes, rides in cursor.fetchall()}
