"""The files of GBFS about the system itself: its name, regions and alerts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bikerental.feeds.documents.versions import EPOCH_MINIMUM, Version
from bikerental.feeds.types import AlertRow, App, Brand, RegionRow, SystemRow, Texts

SPDX = "https://spdx.org/licenses/"


def system_information(version: Version, system: SystemRow) -> dict[str, Any]:
    fields = {
        "system_id": system.system_id,
        "name": version.texts(system.name),
        "short_name": _texts(version, system.short_name),
        "operator": _texts(version, system.operator),
        "timezone": system.timezone,
        "url": system.url,
        "start_date": system.start_date,
        "phone_number": system.phone_number,
        "email": system.email,
        "feed_contact_email": system.feed_contact_email,
        "license_url": system.license_url,
        "terms_url": _texts(version, system.terms_url),
        "terms_last_updated": system.terms_updated_on,
        "privacy_url": _texts(version, system.privacy_url),
        "privacy_last_updated": system.privacy_updated_on,
        "rental_apps": _given({"android": _app(system.android), "ios": _app(system.ios)}),
        "brand_assets": system.brand and _brand(system.brand),
    }
    return _given(fields | (_only_in_3(version, system) if version.is_3 else _only_in_2(version, system)))


def _only_in_3(version: Version, system: SystemRow) -> dict[str, Any]:
    return {
        "languages": system.languages,
        "opening_hours": system.opening_hours,
        "license_id": system.license_id,
        "attribution_organization_name": _texts(version, system.attribution_name),
        "attribution_url": system.attribution_url,
    }


def _only_in_2(version: Version, system: SystemRow) -> dict[str, Any]:
    """2.3 has no ids of licences, but SPDX has a page for each."""
    fields = {"language": version.languages[0]}
    return fields | {"license_url": f"{SPDX}{system.license_id}.html"} if system.license_id else fields


def _app(app: App | None) -> dict[str, str] | None:
    return app and app._asdict()


def _brand(brand: Brand) -> dict[str, Any]:
    return _given(
        {
            "brand_last_modified": brand.updated_on,
            "brand_image_url": brand.image_url,
            "brand_image_url_dark": brand.image_url_dark,
            "brand_terms_url": brand.terms_url,
            "color": brand.color,
        }
    )


def _texts(version: Version, texts: Texts) -> Any:
    return texts and version.texts(texts)


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
            "description": _texts(version, row.description),
            "url": _texts(version, row.url),
        }
    )


def _times(version: Version, start: datetime, end: datetime | None) -> dict[str, Any]:
    times = {"start": version.time(start)} if start.timestamp() >= EPOCH_MINIMUM else {}
    return times if end is None else times | {"end": version.time(end)}
