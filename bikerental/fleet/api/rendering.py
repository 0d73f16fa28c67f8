"""Responses of the fleet as plain dictionaries: a serializer would take longer than the whole query.

A test compares them with the declared outputs.
"""

from typing import Any

from django.core.files.storage import default_storage
from rest_framework.request import Request

from bikerental.fleet.types import BikeRow, NearBike, StationRow
from bikerental.media.names import small_name


def bike_json(bike: BikeRow, request: Request) -> dict[str, Any]:
    return {
        "id": bike.id,
        "number": bike.number,
        "model": bike.model.json,
        "status": bike.status,
        "station": None if bike.station_id is None else {"id": bike.station_id, "name": bike.station_name},
        "latitude": bike.latitude,
        "longitude": bike.longitude,
        "tariff": bike.terms.json,
        "photo": photo_url(bike.photo, request) if bike.photo else None,
        "thumbnail": photo_url(small_name(bike.photo), request) if bike.photo else None,
    }


def photo_url(name: str, request: Request) -> str:
    """The photo's URL, signed if it is on S3, and stable for a while. No statement and no call."""
    return request.build_absolute_uri(default_storage.url(name))


def near_bike_json(near: NearBike, request: Request) -> dict[str, Any]:
    return bike_json(near.bike, request) | {"distance_m": round(near.distance_m, 1)}


def station_json(station: StationRow) -> dict[str, Any]:
    shown = station._asdict()
    distance_m = shown.pop("distance_m")
    return shown if distance_m is None else shown | {"distance_m": round(distance_m, 1)}
