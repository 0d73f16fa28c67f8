"""Bikes and stations from files: checked first, then written all together or not at all."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

from django.core.cache import cache
from redis.exceptions import RedisError

from bikerental.console.constants import BIKE_COLUMNS, FILE_KEPT_SECONDS, STATION_COLUMNS, ActionKind
from bikerental.console.formats import read_table
from bikerental.console.services.actions import actions_log
from bikerental.console.services.cells import Names
from bikerental.console.services.resources import BikeResource, FileResource, StationResource
from bikerental.console.types import FileChecked, FleetChecked, FleetFiles, NewAction
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import UnavailableError
from bikerental.fleet.exceptions import FleetBusyError, FleetChangedError
from bikerental.fleet.locks import fleet_load_lock
from bikerental.fleet.models import Station
from bikerental.fleet.services import fleet_load
from bikerental.fleet.types import Actor, FleetLoaded, StationWanted


def fleet_files_check(files: FleetFiles) -> FleetChecked:
    """What writing the files would do, with the faults of each line. Writes nothing and locks nothing.

    A few statements, and one for each thousand bikes.
    """
    stations = None if files.stations is None else _check_stations(files.stations)
    if files.bikes is None or (stations and stations.faults):
        return FleetChecked(stations)
    return FleetChecked(stations, _check_bikes(files.bikes, stations.wanted if stations else ()))


def _check_stations(data: bytes) -> FileChecked:
    table = read_table(data, columns=STATION_COLUMNS, needed=("name",))
    if not table.lines:
        return FileChecked(table.faults)
    resource = StationResource()
    resource.read(table)
    return _checked(resource)


def _check_bikes(data: bytes, stations: Sequence[StationWanted]) -> FileChecked:
    table = read_table(data, columns=BIKE_COLUMNS, needed=("number",))
    if not table.lines:
        return FileChecked(table.faults)
    names = dict(Station.objects.values_list("pk", "name"))
    names.update({each.station_id: each.values["name"] for each in stations if "name" in each.values})
    resource = BikeResource(table, Names(names.items()))
    resource.read(table)
    return _checked(resource)


def _checked(resource: FileResource) -> FileChecked:
    counts = resource.counts
    return FileChecked(
        resource.faults, counts["new"], counts["update"], counts["skip"], resource.kept, tuple(resource.wanted)
    )


@unit_of_work
def fleet_files_load(*, files: FleetFiles, actor: Actor, now: datetime) -> FleetLoaded:
    """Write what the files want. They are checked again, because the fleet may have changed.

    :raises FleetChangedError: if they have faults now
    :raises FleetBusyError: while other files are being written
    """
    if not fleet_load_lock():
        raise FleetBusyError
    checked = fleet_files_check(files)
    if checked.has_faults:
        raise FleetChangedError
    wanted = [file.wanted if file else () for file in (checked.stations, checked.bikes)]
    return fleet_load(stations=wanted[0], bikes=wanted[1], actor=actor, now=now)


def fleet_files_store(*, files: FleetFiles, operator_id: UUID) -> str:
    """Keep files that were checked until the operator has them written. Returns their digest.

    :raises UnavailableError: while Redis is unavailable
    """
    digest = sha256(repr(tuple(files)).encode()).hexdigest()
    packed = [None if data is None else zlib.compress(data) for data in files]
    try:
        cache.set(_cache_key(digest, operator_id), packed, timeout=FILE_KEPT_SECONDS)
    except RedisError as error:
        raise UnavailableError from error
    return digest


def fleet_files_stored(*, digest: str, operator_id: UUID) -> FleetFiles | None:
    """The files with this digest; None if they are no longer kept.

    :raises UnavailableError: while Redis is unavailable
    """
    try:
        packed = cache.get(_cache_key(digest, operator_id))
    except RedisError as error:
        raise UnavailableError from error
    return None if packed is None else FleetFiles(*(None if data is None else zlib.decompress(data) for data in packed))


def _cache_key(digest: str, operator_id: UUID) -> str:
    return f"fleet-files:{operator_id}:{digest}"


def stations_log(*, action: NewAction, loaded: FleetLoaded) -> None:
    """Log what happened to each station, as if each had been changed by itself."""
    kinds = dict.fromkeys(loaded.stations_added, ActionKind.STATION_ADDED)
    kinds |= dict.fromkeys(loaded.stations_changed, ActionKind.STATION_CHANGED)
    actions_log(
        actions=[
            _about_station(action, kinds[station_id], station)
            for station_id, station in Station.objects.in_bulk(kinds).items()
        ]
    )


def _about_station(action: NewAction, kind: ActionKind, station: Station) -> NewAction:
    key, concerns = uuid5(action.key, str(station.pk)), {"station_id": station.pk}
    return replace(action, key=key, kind=kind, concerns=concerns, details={"name": station.name})
