"""Zones as the geofencing zones of GBFS. Of zones that overlap, the first one in the list counts."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.utils import translation
from django.utils.translation import gettext as _

from bikerental.feeds.documents.versions import DIGITS, EPOCH_MINIMUM, Version
from bikerental.feeds.types import ZoneRow, Zones
from bikerental.zones.constants import ZoneKind


def geofencing_zones(version: Version, zones: Zones) -> dict[str, Any]:
    ordered = sorted(zones.rows, key=lambda zone: zone.kind != ZoneKind.NO_RETURN)
    features = [_feature(version, zone) for zone in ordered]
    if not version.is_3 and zones.outside is not None:
        # 2.3 has no rules for the rest of the world: there it is a zone of its own.
        name = version.texts({language: _outside_name(language) for language in version.languages})
        features.append(_drawn({"name": name, "rules": [_rule(version, may_end=False)]}, zones.outside))
    data: dict[str, Any] = {"geofencing_zones": {"type": "FeatureCollection", "features": features}}
    if version.is_3:
        data["global_rules"] = [_rule(version, may_end=zones.outside is None)]
    return data


def _outside_name(language: str) -> str:
    with translation.override(language):
        return _("Outside the service area")


def _feature(version: Version, zone: ZoneRow) -> dict[str, Any]:
    properties: dict[str, Any] = {"name": version.same_text(zone.name)}
    for name, moment in (("start", zone.valid_from), ("end", zone.valid_until)):
        if moment is not None and moment.timestamp() >= EPOCH_MINIMUM:
            properties[name] = version.time(moment)
    properties["rules"] = [_rule(version, may_end=zone.kind != ZoneKind.NO_RETURN)]
    return _drawn(properties, zone.shape)


def _drawn(properties: dict[str, Any], shape: bytes) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": orjson.Fragment(shape)}


def _rule(version: Version, *, may_end: bool) -> dict[str, bool]:
    """Where a ride may not end in the street, it may still end at a station."""
    if version.is_3:
        allowed = {"ride_start_allowed": True, "ride_end_allowed": may_end, "ride_through_allowed": True}
    else:
        allowed = {"ride_allowed": may_end, "ride_through_allowed": True}
    return allowed if may_end else allowed | {"station_parking": True}


def multi_polygon(shape: Any) -> bytes:
    """The shape as the geometry of a zone, or b"" if nothing is left of it in six digits.

    :param shape: a valid geometry of Shapely, whose rings run in any direction
    """
    import shapely

    rounded = shapely.set_precision(shape, 10**-DIGITS)
    parts = [part for part in shapely.get_parts(rounded) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        return b""
    geojson: str = shapely.to_geojson(shapely.orient_polygons(shapely.MultiPolygon(parts)))
    return geojson.encode()


def world_without(shapes: Iterable[Any]) -> bytes:
    """The world without these shapes."""
    import shapely

    return multi_polygon(shapely.box(-180, -90, 180, 90).difference(shapely.union_all(list(shapes))))
