"""Where a ride leaves its bike, and whether that is allowed."""

from datetime import datetime
from uuid import UUID

from bikerental.core.geometry import Position
from bikerental.fleet.exceptions import PlaceRefusedError, StationClosedError, StationNotFoundError
from bikerental.fleet.locks import station_lock_shared
from bikerental.fleet.selectors import is_in_service, station_nearest_returning
from bikerental.fleet.types import StationPlace, TariffTerms
from bikerental.rentals.locks import LockedRental
from bikerental.rentals.types import Left, Place
from bikerental.zones.exceptions import ReturnNotAllowedError
from bikerental.zones.selectors import nearest_end, zones_cached


def left_by_rider(locked: LockedRental, place: Place | None, *, now: datetime) -> Left:
    """The place where a rider returns the bike.

    One statement for a station or a position, none without a place, and one or two more for a refusal.

    :raises StationNotFoundError: if there is no such station
    :raises StationClosedError: if it takes no returns
    :raises ReturnNotAllowedError: if the zones do not allow the position, and the rider accepts no fee for it
    :raises PlaceRefusedError: if none of our bikes can be there
    """
    if place is None:
        if locked.start_is_returning is False:
            raise _closed(locked.start_latitude, locked.start_longitude)
        return left_where_taken(locked)
    if place.station_id is None:
        return _left_in_the_street(_position(place), locked.rental.terms, accepts_fee=place.accepts_fee, now=now)
    station = _station(place.station_id)
    if not station.is_returning:
        raise _closed(station.latitude, station.longitude)
    return Left(station.id, station.name, station.latitude, station.longitude)


def left_by_operator(locked: LockedRental, place: Place | None) -> Left:
    """The place that an operator gives. It is where the bike is, so zones and closed stations do not matter.

    :raises StationNotFoundError: if there is no such station
    :raises PlaceRefusedError: if none of our bikes can be there
    """
    if place is None:
        return left_where_taken(locked)
    if place.station_id is None:
        position = _position(place)
        if not is_in_service(position):
            raise PlaceRefusedError
        return Left(None, None, *position)
    station = _station(place.station_id)
    return Left(station.id, station.name, station.latitude, station.longitude)


def left_where_taken(locked: LockedRental) -> Left:
    # The station may have moved since then with its bikes, but without this one.
    rental = locked.rental
    return Left(rental.start_station_id, rental.start_station_name, locked.start_latitude, locked.start_longitude)


def _left_in_the_street(position: Position, terms: TariffTerms, *, accepts_fee: bool, now: datetime) -> Left:
    zones = zones_cached(now=now)
    decision = zones.decide(position, now)
    is_paid = decision.reason is not None and accepts_fee and terms.out_of_area_fee is not None
    if decision.reason is not None and not is_paid:
        raise ReturnNotAllowedError(decision.reason, nearest_end(zones, position, now))
    # Inside a drawn service area no other bounds apply. A rider who pays the fee may leave the area, but not these
    # bounds.
    if not decision.is_in_service_area and not is_in_service(position):
        raise PlaceRefusedError
    return Left(None, None, *position, is_out_of_area=is_paid)


def _position(place: Place) -> Position:
    if place.latitude is None or place.longitude is None:
        raise PlaceRefusedError
    return Position(place.latitude, place.longitude)


def _station(station_id: UUID) -> StationPlace:
    station = station_lock_shared(station_id=station_id)
    if station is None:
        raise StationNotFoundError
    return station


def _closed(latitude: float | None, longitude: float | None) -> StationClosedError:
    if latitude is None or longitude is None:
        return StationClosedError()
    return StationClosedError(station_nearest_returning(Position(latitude, longitude)))
