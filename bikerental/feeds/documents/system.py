"""What GBFS says of the system itself: its name, regions and alerts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bikerental.feeds.documents.versions import EPOCH_MINIMUM, Version
from bikerental.feeds.types import AlertRow, RegionRow, SystemRow


def system_information(version: Version, system: SystemRow) -> dict[str, Any]:
    fields = {
        "system_id": system.system_id,
        "name": version.texts(system.name),
        "short_name": system.short_name and version.texts(system.short_name),
        "operator": system.operator and version.texts(system.operator),
        "timezone": system.timezone,
        "url": system.url,
        "phone_number": system.phone_number,
        "email": system.email,
        "feed_contact_email": system.feed_contact_email,
        "license_url": system.license_url,
        "rental_apps": _given({"android": _app(system.android), "ios": _app(system.ios)}),
    }
    if version.is_3:
        own = {"languages": system.languages, "opening_hours": system.opening_hours, "license_id": system.license_id}
        return _given(fields | own)
    return _given(fields | {"language": version.languages[0]})


def _app(uris: tuple[str, str] | None) -> dict[str, str] | None:
    return uris and {"store_uri": uris[0], "discovery_uri": uris[1]}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value. The others are left out, because null is not allowed."""
    return {name: value for name, value in fields.items() if value}


def regions(version: Version, rows: Iterable[RegionRow]) -> dict[str, Any]:
    return {"regions": [{"region_id": row.id, "name": version.texts(row.name)} for row in rows]}


def system_alerts(version: Version, rows: Iterable[AlertRow]) -> dict[str, Any]:
    return {"alerts": [_alert(version, row) for row in rows]}


def _alert(version: Version, row: AlertRow) -> dict[str, Any]:
    return {
        "alert_id": row.id,
        "type": row.type,
        "summary": version.texts(row.summary),
        "last_updated": version.time(row.updated_at),
    } | _given(
        {
            "times": [_times(version, start, end) for start, end in row.times],
            "station_ids": row.station_ids,
            "region_ids": row.region_ids,
            "description": row.description and version.texts(row.description),
            "url": row.url and version.texts(row.url),
        }
    )


def _times(version: Version, start: datetime, end: datetime | None) -> dict[str, Any]:
    times = {"start": version.time(start)} if start.timestamp() >= EPOCH_MINIMUM else {}
    return times if end is None else times | {"end": version.time(end)}
