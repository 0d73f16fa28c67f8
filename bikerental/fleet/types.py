"""Plain values of the fleet app."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from bikerental.core.geometry import Box, Position
from bikerental.fleet.constants import ActorKind, BikeStatus


class BikeFilters(NamedTuple):
    """The filters of bikes; None means any. With boxes, the bikes in one of them."""

    status: str | None = None
    station_id: UUID | None = None
    model_id: UUID | None = None
    boxes: Sequence[Box] = ()
    number_key: str | None = None


class Circle(NamedTuple):
    centre: Position
    radius_m: float


class _WithJson:
    """A part that many rows have in common. All of them have the same object, so its JSON is written once."""

    @cached_property
    def json(self) -> orjson.Fragment:
        return orjson.Fragment(orjson.dumps(self._asdict()))  # type: ignore[attr-defined] # of the NamedTuple


class _TariffTerms(NamedTuple):
    name: str
    currency: str
    unlock_fee: str
    per_minute: str
    free_minutes: int
    daily_cap: str | None
    overdue_after_minutes: int
    out_of_area_fee: str | None = None  # None: rides cannot end outside the area


class TariffTerms(_TariffTerms, _WithJson):
    """The terms of a tariff, as a rental keeps them. Amounts are texts, as in a response."""


class _BikeModelRow(NamedTuple):
    id: str
    name: str
    propulsion: str


class BikeModelRow(_BikeModelRow, _WithJson):
    """A bike's model, as each of its bikes shows it."""


class BikeRow(NamedTuple):
    """A bike as a rider sees it. Ids and amounts are texts."""

    id: str
    number: str
    status: str
    latitude: float
    longitude: float
    photo: str | None
    model: BikeModelRow
    station_id: str | None
    station_name: str | None
    terms: TariffTerms


class BikeForRental(NamedTuple):
    """A bike for a rental: the fields of the response and those that the rental keeps. Ids are texts."""

    id: str
    number: str
    status: str
    model: BikeModelRow
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
    distance_m: float | None  # in a response to lat and lon


class BikePlace(NamedTuple):
    """The new place of a bike. Without coordinates it only leaves its station."""

    station_id: UUID | None = None
    latitude: float | None = None
    longitude: float | None = None


OFF_STATION = BikePlace()


class Actor(NamedTuple):
    """Who moved a bike. The log does not name riders; their rental or reservation refers to them."""

    kind: ActorKind
    operator_id: UUID | None = None


RIDER, SYSTEM = Actor(ActorKind.RIDER), Actor(ActorKind.SYSTEM)


def operator(user_id: UUID) -> Actor:
    return Actor(ActorKind.OPERATOR, user_id)


class StationWanted(NamedTuple):
    """A station as a file describes it: the fields that the file names, with their values."""

    station_id: UUID
    values: Mapping[str, Any]


class BikeWanted(NamedTuple):
    """A bike as a file describes it. None: the file does not say, and a bike that exists keeps what it has."""

    number: str
    model_id: UUID | None = None
    tariff_id: UUID | None = None
    place: BikePlace | None = None  # at a station it needs no coordinates
    status: BikeStatus | None = None  # of a new bike


class Difference(NamedTuple):
    """What a file changes of a bike. `is_kept`: its place stays, because it is ridden, reserved or retired."""

    terms: bool  # model or tariff
    place: bool
    is_kept: bool


class FleetLoaded(NamedTuple):
    stations_added: Sequence[UUID] = ()
    stations_changed: Sequence[UUID] = ()
    bikes_added: int = 0
    bikes_changed: int = 0
    places_kept: int = 0


class StationPlace(NamedTuple):
    """A station for a return. Its id is a text."""

    id: str
    name: str
    latitude: float
    longitude: float
    is_returning: bool


class NearestEnd(NamedTuple):
    """Another place where a ride may end: a station, or a point in the street."""

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
