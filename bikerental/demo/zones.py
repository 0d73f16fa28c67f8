"""The zones of the invented city: a service area, a park and a river."""

from collections.abc import Iterator
from datetime import datetime
from json import dumps
from uuid import uuid5

from bikerental.demo.city import NAMESPACE
from bikerental.zones.constants import ZoneKind
from bikerental.zones.models import Zone
from bikerental.zones.shapes import shape_read

# [longitude, latitude], each ring open. Every station lies in the area, and some in the river: they are its piers.
CENTRE = (
    (30.17, 59.91), (30.24, 59.875), (30.31, 59.865), (30.38, 59.875), (30.45, 59.91),
    (30.45, 59.95), (30.38, 59.985), (30.31, 59.995), (30.24, 59.985), (30.17, 59.95),
)  # fmt: skip
PARK = ((30.332, 59.9425), (30.3385, 59.9422), (30.339, 59.9472), (30.3335, 59.9476))
CAFE = ((30.335, 59.9445), (30.3365, 59.9445), (30.3365, 59.9455), (30.335, 59.9455))  # a hole: bikes are left here
RIVER = (
    (30.17, 59.9365), (30.27, 59.939), (30.29, 59.941), (30.305, 59.944), (30.32, 59.947), (30.335, 59.95),
    (30.35, 59.953), (30.35, 59.956), (30.335, 59.953), (30.32, 59.95), (30.305, 59.947), (30.29, 59.944),
    (30.27, 59.942), (30.17, 59.9395),
)  # fmt: skip
DRAWN = (
    ("Demo City", ZoneKind.SERVICE_AREA, (CENTRE,)),
    ("Demo Garden", ZoneKind.NO_RETURN, (PARK, CAFE)),
    ("Demo River", ZoneKind.NO_RETURN, (RIVER,)),
)


def zones(drawn_at: datetime) -> Iterator[Zone]:
    for name, kind, rings in DRAWN:
        coordinates = [[*ring, ring[0]] for ring in rings]
        shape = shape_read(dumps({"type": "Polygon", "coordinates": coordinates}))
        zone_id = uuid5(NAMESPACE, f"zone {name}")
        yield Zone(id=zone_id, created_at=drawn_at, name=name, kind=kind, shape=shape.geojson, points=shape.points)
