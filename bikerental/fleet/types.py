"""Plain values of the fleet app."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.core.geometry import Box, Position
from bikerental.fleet.constants import ActorKind


class BikeFilters(NamedTuple):
    """Which bikes; none of a thing means any. Boxes: those in one of them."""

    status: str | None = None
    station_id: UUID | None = None
    model_id: UUID | None = None
    boxes: Sequence[Box] = ()
    number_key: str | None = None


class Circle(NamedTuple):
    centre: Position
    radius_m: float


class TariffTerms(NamedTuple):
    """What a tariff asks; a rental keeps those it began with. Amounts as text, as an answer shows them."""

    name: str
    currency: str
    unlock_fee: str
    per_minute: str
    free_minutes: int
    daily_cap: str | None
    overdue_after_minutes: int
    out_of_area_fee: str | None = None  # None: no ride ends out of the area


class BikeRow(NamedTuple):
    """A bike as a rider sees it; ids and amounts as text."""

    id: str
    number: str
    status: str
    latitude: float
    longitude: float
    photo: str | None
    model_id: str
    model_name: str
    model_propulsion: str
    station_id: str | None
    station_name: str | None
    terms: TariffTerms


class BikeForRental(NamedTuple):
    """A bike as its ride needs it: what the answer shows and what the rental freezes; ids as text."""

    id: str
    number: str
    status: str
    model_id: str
    model_name: str
    model_propulsion: str
    station_id: str | None
    station_name: str | None
    station_is_renting: bool | None
    tariff_id: str
    terms: TariffTerms


class StationRow(NamedTuple):
    id: str
    name: str
    latitude: float
    longitude: float
    capacity: int
    is_renting: bool
    is_returning: bool
    bikes_available: int
    docks_available: int
    distance_m: float | None  # in an answer to lat and lon


class BikePlace(NamedTuple):
    """Where a bike is put; without coordinates it only leaves its station."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None


OFF_STATION = BikePlace()


class Actor(NamedTuple):
    """Who moved a bike. Riders stay unnamed in the log; their rental or reservation leads to them."""

    kind: ActorKind
    operator_id: UUID | None = None


RIDER, SYSTEM = Actor(ActorKind.RIDER), Actor(ActorKind.SYSTEM)


def operator(user_id: UUID) -> Actor:
    return Actor(ActorKind.OPERATOR, user_id)


class StationPlace(NamedTuple):
    """A station as a return needs it; its id as text."""

    id: str
    name: str
    latitude: float
    longitude: float
    is_returning: bool


class NearestEnd(NamedTuple):
    """Where a ride may end instead: at a station, or at a point in the street."""

    station_id: str | None
    station_name: str | None
    latitude: float
    longitude: float
    distance_m: float

    def as_json(self) -> dict[str, Any]:
        return {
            "station": None if self.station_id is None else {"id": self.station_id, "name": self.station_name},
            "latitude": self.latitude,
            "longitude": self.longitude,
            "distance_m": round(self.distance_m, 1),
        }


class NearBike(NamedTuple):
    bike: BikeRow
    distance_m: float

    @property
    def bike_id(self) -> UUID:
        return UUID(self.bike.id)
