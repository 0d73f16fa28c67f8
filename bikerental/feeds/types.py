"""Plain values of the feeds app."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from bikerental.fleet.types import TariffTerms

Texts = Mapping[str, str]  # a text by its language


class VehicleRow(NamedTuple):
    """A bike that riders can take, or that one of them has reserved."""

    bike_id: str
    ride_id: int | None  # of the row in the log that ended its last ride
    type_id: str
    plan_id: str
    station_id: str | None
    is_reserved: bool
    latitude: float
    longitude: float
    reported_at: int | None  # seconds since 1970


class StationRow(NamedTuple):
    id: str
    name: str
    latitude: float
    longitude: float
    capacity: int
    is_renting: bool
    is_returning: bool
    docks_available: int
    region_id: str | None
    reported_at: datetime


class TypeRow(NamedTuple):
    """A bike model, with the plans of its bikes. The first one has the most bikes."""

    id: str
    name: str
    propulsion: str
    max_range_m: int
    plan_ids: tuple[str, ...]


class PlanRow(NamedTuple):
    id: str
    terms: TariffTerms


class ZoneRow(NamedTuple):
    """A zone in force. `shape` is a MultiPolygon as GeoJSON; outer rings run against the clock."""

    name: str
    kind: str
    valid_from: datetime | None
    valid_until: datetime | None
    shape: bytes


class Zones(NamedTuple):
    """`outside` is what no service area covers, as a MultiPolygon, where there is a service area."""

    rows: tuple[ZoneRow, ...] = ()
    outside: bytes | None = None


class App(NamedTuple):
    store_uri: str  # where the app is
    discovery_uri: str  # opens it, if it is on the phone


class Brand(NamedTuple):
    image_url: str
    updated_on: date
    image_url_dark: str
    color: str
    terms_url: str


class SystemRow(NamedTuple):
    """What names the system. Empty texts are left out of the feed; the others have each of the languages."""

    system_id: str
    languages: tuple[str, ...]  # the first one is the system's own
    timezone: str
    opening_hours: str
    name: Texts
    feed_contact_email: str
    operator: Texts
    short_name: Texts
    url: str
    start_date: date | None
    phone_number: str
    email: str
    license_id: str  # at most one of the two
    license_url: str
    attribution_name: Texts
    attribution_url: str
    # A page and the day of its last change, or neither.
    terms_url: Texts
    terms_updated_on: date | None
    privacy_url: Texts
    privacy_updated_on: date | None
    android: App | None
    ios: App | None
    brand: Brand | None


class RegionRow(NamedTuple):
    id: str
    name: Texts


class AlertRow(NamedTuple):
    """An alert that is not over."""

    id: str
    type: str
    times: tuple[tuple[datetime, datetime | None], ...]
    station_ids: tuple[str, ...]
    region_ids: tuple[str, ...]
    summary: Texts
    description: Texts  # empty if there is none
    url: Texts  # empty if there is none
    updated_at: datetime


class File(NamedTuple):
    """A built file. `body` is compressed by gzip; `size` is without compression."""

    name: str
    etag: str
    ttl: int
    size: int
    updated_at: datetime
    body: bytes


class FeedCopy(NamedTuple):
    """All files of one build, by name."""

    built_at: datetime
    files: dict[str, File]
