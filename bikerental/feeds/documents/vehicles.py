"""The vehicles of GBFS, of which there may be 100,000.

Both versions say the same of a vehicle, so most of its text is made once. Every value in it is a number, an id or a
hash, which JSON writes as they are: dicts and orjson take twice as long, and three times the memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

from bikerental.feeds.documents.versions import Version
from bikerental.feeds.types import VehicleRow

BATCH = 1000
# 72 bits, so that of 100,000 ids two are the same once in 10^12 builds. Ids are the part of the file that does not
# compress.
ID_BYTES = 9


# A text that begins with the public id and ends before the time, and the time in seconds.
Vehicle = tuple[str, int | None]


def vehicle_texts(rows: Iterable[VehicleRow], *, key: bytes, ranges: Mapping[str, int]) -> list[Vehicle]:
    """The vehicles in the order of their public ids.

    The public id changes after each ride, and cannot be computed without the key. If the list had the order of the
    bikes, a bike's place in the list would identify it.

    :param ranges: the range in metres of each type that has a motor
    """
    keyed, vehicles = blake2b(key=key, digest_size=ID_BYTES), []
    # Positions are formatted, because `round` takes three times as long. Rows are unpacked here, because 100,000 calls
    # and 800,000 attributes take a fifth of a build.
    for bike_id, ride_id, type_id, plan_id, station_id, is_reserved, latitude, longitude, reported_at in rows:
        public_id = keyed.copy()
        public_id.update(f"{bike_id} {ride_id}".encode())
        text = (
            f'"{public_id.hexdigest()}","lat":{latitude:.6f},"lon":{longitude:.6f},'
            f'"is_reserved":{"true" if is_reserved else "false"},"is_disabled":false,'
            f'"vehicle_type_id":"{type_id}","pricing_plan_id":"{plan_id}"'
        )
        if type_id in ranges:
            # The charge is not known. Consumers filter by this field, and the schema wants it.
            text += f',"current_range_meters":{ranges[type_id]}'
        if station_id is not None:
            text += f',"station_id":"{station_id}"'
        vehicles.append((text, reported_at))
    vehicles.sort()
    return vehicles


def vehicle_parts(version: Version, vehicles: Sequence[Vehicle]) -> Iterator[bytes]:
    """The value of `data`, in parts."""
    id_name, list_name = ("vehicle_id", "vehicles") if version.is_3 else ("bike_id", "bikes")
    time = _rfc_3339 if version.is_3 else str
    begin = f'{{"{id_name}":'
    yield f'{{"{list_name}":['.encode()
    for start in range(0, len(vehicles), BATCH):
        batch = [
            f"{begin}{text}}}" if reported_at is None else f'{begin}{text},"last_reported":{time(reported_at)}}}'
            for text, reported_at in vehicles[start : start + BATCH]
        ]
        yield f"{',' if start else ''}{','.join(batch)}".encode()
    yield b"]}"


def _rfc_3339(seconds: int) -> str:
    return f'"{_minute(seconds // 60)}:{seconds % 60:02}Z"'


@lru_cache(maxsize=10_000)
def _minute(minutes: int) -> str:
    return datetime.fromtimestamp(60 * minutes, UTC).isoformat()[:16]
