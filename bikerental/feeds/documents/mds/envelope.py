"""What all documents of MDS 2.0 have in common."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

import orjson

VERSION = "2.0.0"
VEHICLE_TYPE = "bicycle"  # the vehicle_type of all our bikes


def identifier(provider_id: UUID, name: str) -> str:
    """The id of an object that has none in our tables. The same name of the same provider always gives the same id."""
    return str(uuid5(provider_id, name))


def location(latitude: float, longitude: float) -> dict[str, float]:
    return {"lat": round(latitude, 6), "lng": round(longitude, 6)}


def document(
    head: Mapping[str, Any],
    name: str,
    pages: Iterable[list[dict[str, Any]]],
    tail: Callable[[], Mapping[str, Any]] | None = None,
) -> Iterator[bytes]:
    """A JSON object with one long list, in pieces. The first piece has the first page in it.

    :param tail: further members, asked for when the list has ended
    """
    piece, comma = orjson.dumps({"version": VERSION, **head})[:-1] + b',"%s":[' % name.encode(), b""
    for page in pages:
        if page:
            piece += comma + orjson.dumps(page)[1:-1]
            comma = b","
        yield piece
        piece = b""
    end = b"}" if tail is None else b"," + orjson.dumps(tail())[1:]
    yield piece + b"]" + end
