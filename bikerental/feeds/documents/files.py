"""The list of public files of GBFS, in both versions."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from bikerental.feeds.constants import OTHER_TTL, PREFIX, STATUS_TTL
from bikerental.feeds.documents.plans import pricing_plans
from bikerental.feeds.documents.stations import Counts, station_information, station_status, vehicle_types
from bikerental.feeds.documents.system import regions, system_alerts, system_information
from bikerental.feeds.documents.vehicles import Vehicle, vehicle_parts
from bikerental.feeds.documents.versions import Version, to_json
from bikerental.feeds.documents.zones import geofencing_zones
from bikerental.feeds.types import AlertRow, PlanRow, RegionRow, StationRow, SystemRow, TypeRow, Zones

Parts = Iterable[bytes]


class Snapshot(NamedTuple):
    """The city at one moment."""

    system: SystemRow
    regions: list[RegionRow]
    alerts: list[AlertRow]
    stations: list[StationRow]
    counts: Counts
    vehicles: list[Vehicle]
    types: list[TypeRow]
    plans: list[PlanRow]
    zones: Zones
    reserve_minutes: int


class Document(NamedTuple):
    """A file. `name` is its path below /gbfs/; `parts` makes the value of `data`."""

    name: str
    version: Version
    ttl: int
    parts: Callable[[], Parts]


def documents(city: Snapshot) -> Iterator[Document]:
    """Every file of both versions.

    Version 2.3 has a set of files for each language: they share the files without translated texts.
    """
    languages = city.system.languages
    version_3 = Version("3.0", "3", languages)
    yield from _with_index(version_3, "gbfs_versions", [*_untranslated(version_3, city), *_translated(version_3, city)])
    version_2 = Version("2.3", "2", languages[:1])
    shared = list(_untranslated(version_2, city))
    yield from shared
    feeds: dict[str, Any] = {}
    for language in languages:
        own = list(_translated(Version("2.3", f"2/{language}", (language,)), city))
        yield from own
        feeds[language] = {"feeds": _feeds([*shared, *own, _versions(version_2, "2/gbfs_versions.json")])}
    yield _versions(version_2, "2/gbfs_versions.json")
    yield _document(version_2, "2/gbfs.json", feeds)


def _with_index(version: Version, name: str, files: list[Document]) -> Iterator[Document]:
    """The files, the list of versions, and the file that lists them all."""
    yield from files
    versions = _versions(version, f"{name}.json")
    yield versions
    yield _document(version, f"{version.folder}/gbfs.json", {"feeds": _feeds([*files, versions])})


def _untranslated(version: Version, city: Snapshot) -> Iterator[Document]:
    """The files without a translated text."""
    vehicles = "vehicle_status" if version.is_3 else "free_bike_status"
    parts = partial(vehicle_parts, version, city.vehicles)
    yield Document(f"{version.folder}/{vehicles}.json", version, STATUS_TTL, parts)
    status = partial(station_status, version, city.stations, city.counts, city.types)
    yield _file(version, "station_status", status, STATUS_TTL)
    yield _file(version, "station_information", partial(station_information, version, city.stations))
    types = partial(vehicle_types, version, city.types, reserve_minutes=city.reserve_minutes)
    yield _file(version, "vehicle_types", types)


def _translated(version: Version, city: Snapshot) -> Iterator[Document]:
    yield _file(version, "system_information", partial(system_information, version, city.system))
    yield _file(version, "system_pricing_plans", partial(pricing_plans, version, city.plans))
    yield _file(version, "geofencing_zones", partial(geofencing_zones, version, city.zones))
    yield _file(version, "system_alerts", partial(system_alerts, version, city.alerts))
    if city.regions:
        yield _file(version, "system_regions", partial(regions, version, city.regions))


def _file(version: Version, name: str, data: Callable[[], Any], ttl: int = OTHER_TTL) -> Document:
    return Document(f"{version.folder}/{name}.json", version, ttl, lambda: [to_json(data())])


def _document(version: Version, path: str, data: Any) -> Document:
    return Document(path, version, OTHER_TTL, lambda: [to_json(data)])


def _versions(version: Version, path: str) -> Document:
    known = [{"version": "2.3", "url": f"{PREFIX}2/gbfs.json"}, {"version": "3.0", "url": f"{PREFIX}3/gbfs.json"}]
    return _document(version, path, {"versions": known})


def _feeds(files: list[Document]) -> list[dict[str, str]]:
    """The URLs have no host: `documents/responses.py` adds that of the request."""
    return [
        {"name": file.name.rpartition("/")[2].removesuffix(".json"), "url": f"{PREFIX}{file.name}"} for file in files
    ]
