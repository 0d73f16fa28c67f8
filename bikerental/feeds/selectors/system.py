"""What the feeds say of the system itself, its regions and alerts. Each docstring states the number of statements."""

import re
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from bikerental.feeds.models import Alert, Region, RegionStation, System
from bikerental.feeds.types import AlertRow, App, Brand, RegionRow, SystemRow, Texts
from bikerental.fleet.models import Station

_NOT_OF_AN_ID = re.compile(r"[^a-z0-9]+")

_TEXTS = ("name", "operator", "short_name", "attribution_name", "terms_url", "privacy_url")
_SAME = (
    "system_id", "opening_hours", "feed_contact_email", "url", "start_date", "phone_number", "email", "license_id",
    "license_url", "attribution_url", "terms_updated_on", "privacy_updated_on",
)  # fmt: skip


def system_row() -> SystemRow:
    """One statement. There is always a system: without a row it is that of the settings."""
    system = system_current()
    languages = languages_of(system)
    texts: dict[str, Any] = {name: _in_all(getattr(system, name), languages) for name in _TEXTS}
    same: dict[str, Any] = {name: getattr(system, name) for name in _SAME}
    return SystemRow(
        languages=languages,
        timezone=system.time_zone,
        android=_app(system.android_store_uri, system.android_discovery_uri),
        ios=_app(system.ios_store_uri, system.ios_discovery_uri),
        brand=_brand(system),
        **texts,
        **same,
    )


def _app(store_uri: str, discovery_uri: str) -> App | None:
    return App(store_uri, discovery_uri) if store_uri else None


def _brand(system: System) -> Brand | None:
    if system.brand_updated_on is None:
        return None
    return Brand(
        image_url=system.brand_image_url,
        updated_on=system.brand_updated_on,
        image_url_dark=system.brand_image_url_dark,
        color=system.brand_color,
        terms_url=system.brand_terms_url,
    )


def system_current() -> System:
    """The operators' row, or one from the settings that is not saved yet. One statement."""
    return System.objects.first() or system_default()


def system_default() -> System:
    """What the settings say. No statement.

    The sender's address is the only one that riders are shown anyway, and its domain belongs to nobody else.
    """
    languages = [code for code, _name in settings.LANGUAGES]
    languages.sort(key=lambda code: code != settings.LANGUAGE_CODE)
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return System(
        system_id=_NOT_OF_AN_ID.sub("_", address.rpartition("@")[2].lower()).strip("_") or "bikerental",
        languages=" ".join(languages),
        name={language: _default_name(language) for language in languages},
        time_zone=settings.CITY_TIME_ZONE,
        opening_hours="24/7",
        feed_contact_email=address,
    )


def _default_name(language: str) -> str:
    with translation.override(language):
        return _("Bike rental")


def languages_of(system: System) -> tuple[str, ...]:
    """The first one is the system's own."""
    return tuple(system.languages.split(" "))


def has_system() -> bool:
    """One statement."""
    return System.objects.exists()


def region_of_another(stations: QuerySet[Station], *, region_id: UUID) -> RegionStation | None:
    """One of these stations that is in another region. One statement."""
    others = RegionStation.objects.filter(station__in=stations).exclude(region=region_id)
    return others.select_related("station", "region").order_by("station__name").first()


def region_rows(languages: tuple[str, ...]) -> list[RegionRow]:
    """By id, with a name in each of the languages. One statement."""
    regions = Region.objects.order_by("pk").values_list("pk", "name")
    return [RegionRow(str(pk), _in_all(name, languages)) for pk, name in regions]


def alert_rows(languages: tuple[str, ...], *, now: datetime) -> list[AlertRow]:
    """The active alerts that are not over, also future ones, by their starts. One statement."""
    current = Alert.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), is_active=True)
    return [
        AlertRow(
            id=str(alert.pk),
            type=alert.type,
            times=((alert.starts_at, alert.ends_at),),
            station_ids=tuple(map(str, alert.station_ids)),
            region_ids=tuple(map(str, alert.region_ids)),
            summary=_in_all(alert.summary, languages),
            description=_in_all(alert.description, languages),
            url=_in_all(alert.url, languages),
            updated_at=alert.updated_at,
        )
        for alert in current.annotate(
            station_ids=_ids_of(Alert.stations.through, "station_id"),
            region_ids=_ids_of(Alert.regions.through, "region_id"),
        ).order_by("starts_at", "pk")
    ]


def _ids_of(between: type[Model], column: str) -> ArraySubquery:
    return ArraySubquery(between._default_manager.filter(alert=OuterRef("pk")).order_by(column).values(column))


def _in_all(texts: Texts, languages: tuple[str, ...]) -> Texts:
    """The text in each language. A language that was added later has that of another until it is translated."""
    if not texts:
        return {}
    other = next((texts[language] for language in languages if language in texts), next(iter(texts.values())))
    return {language: texts.get(language, other) for language in languages}
