"""Files of bikes and stations, and the fleet that comes of them."""

from typing import Any
from uuid import uuid4

from bikerental.console.services import fleet_files_load
from bikerental.console.types import FleetFiles
from bikerental.fleet.constants import ActorKind
from bikerental.fleet.models import Bike, Station
from bikerental.fleet.types import Actor, FleetLoaded
from tests.factories import NOON

OPERATOR = Actor(ActorKind.OPERATOR, uuid4())


def table(*lines: str) -> bytes:
    return "\n".join(lines).encode()


BIKES = table("number,model,tariff,station,latitude,longitude", "B-1,Sprint,Day,,59.93,30.31")


def load(bikes: bytes | None = None, stations: bytes | None = None) -> FleetLoaded:
    return fleet_files_load(files=FleetFiles(stations, bikes), actor=OPERATOR, now=NOON)


def fleet() -> tuple[Any, ...]:
    bikes = Bike.objects.order_by("number").values_list(
        "number", "model__name", "tariff__name", "status", "station__name", "latitude", "longitude"
    )
    return list(bikes), list(Station.objects.order_by("name").values_list("name", "latitude", "capacity", "is_renting"))
