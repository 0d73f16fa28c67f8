"""The fleet as a list: bikes that an operator looks for, and the lines of a file of bikes or stations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from bikerental.console.constants import CODES_MAX, STATION_COLUMNS
from bikerental.core.db.keyset import PAGE_SIZE, Cursor, Page, pages_after
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import NUMBER_KEY, Bike, Station
from bikerental.fleet.numbers import is_number_key
from bikerental.fleet.selectors import NUMBER_ORDER

PART = 1_000  # rows of a statement


class BikeSearch(NamedTuple):
    """None means any value. `number_key` is the beginning of the number's key."""

    number_key: str | None = None
    status: str | None = None
    model_id: UUID | None = None
    station_id: UUID | None = None

    @property
    def bikes(self) -> QuerySet[Bike]:
        """In the order of their numbers. Retired bikes only where they are asked for."""
        bikes = Bike.objects.order_by(*NUMBER_ORDER)
        if self.number_key is not None:
            if not is_number_key(self.number_key):
                return bikes.none()
            bikes = bikes.alias(number_key=NUMBER_KEY).filter(number_key__startswith=self.number_key)
        elif self.status is None:
            bikes = bikes.exclude(status=BikeStatus.RETIRED)
        given = {"status": self.status, "model": self.model_id, "station": self.station_id}
        return bikes.filter(**{name: value for name, value in given.items() if value is not None})


def bikes_listed(search: BikeSearch, *, cursor: Cursor | None, size: int = PAGE_SIZE) -> Page[Bike]:
    """With model, tariff and station, in NUMBER_ORDER. One statement."""
    page: Page[Bike] = Page(NUMBER_ORDER, size, cursor)
    return page.filled(page.select(search.bikes.select_related("model", "tariff", "station")))


def bikes_chosen(bike_ids: Sequence[UUID]) -> list[Bike]:
    """In the order of their numbers. One statement."""
    return list(Bike.objects.filter(pk__in=bike_ids[:CODES_MAX]).order_by(*NUMBER_ORDER))


def fleet_counts() -> dict[str, int]:
    """How many bikes are in each state. One statement."""
    counted = Bike.objects.order_by().values_list("status").annotate(number_of=Count("pk"))
    return dict(counted)


def bike_lines(search: BikeSearch) -> Iterator[Sequence[Any]]:
    """The lines of a file of bikes, as an import reads them. A statement for each thousand.

    A bike that is ridden has no place. A station is named by its id where two have its name.
    """
    ambiguous = _ambiguous_names()
    bikes = search.bikes.select_related("model", "tariff", "station")

    def read(last: Bike | None) -> list[Bike]:
        return list((bikes if last is None else bikes.filter(number__gt=last.number))[:PART])

    return (_bike_line(bike, ambiguous) for page in pages_after(read, size=PART) for bike in page)


def _bike_line(bike: Bike, ambiguous: set[str]) -> Sequence[Any]:
    station = bike.station and (bike.station.pk if _folded(bike.station.name) in ambiguous else bike.station.name)
    place = (None, None) if bike.status == BikeStatus.RENTED else (bike.latitude, bike.longitude)
    return (bike.number, bike.model.name, bike.tariff.name, station, *place, bike.status)


def _ambiguous_names() -> set[str]:
    """The names that several stations have. One statement."""
    counts = Counter(map(_folded, Station.objects.values_list("name", flat=True)))
    return {name for name, count in counts.items() if count > 1}


def _folded(name: str) -> str:
    return name.strip().casefold()


def station_lines() -> Iterator[Sequence[Any]]:
    """The lines of a file of stations, as an import reads them. A statement for each thousand."""
    stations = Station.objects.order_by("name", "id").values_list(*STATION_COLUMNS)

    def read(last: tuple[Any, ...] | None) -> list[tuple[Any, ...]]:
        if last is None:
            return list(stations[:PART])
        beyond = Q(name__gt=last[1]) | Q(name=last[1], id__gt=last[0])
        return list(stations.filter(beyond)[:PART])

    return (line for page in pages_after(read, size=PART) for line in page)
