"""A client of MDS, and a city in which all kinds of events have happened."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.claims.services import claim_open
from bikerental.claims.types import Complaint
from bikerental.feeds.services import agency_add
from bikerental.fleet.models import Bike
from bikerental.fleet.services import (
    bikes_decommission,
    bikes_pick_up,
    bikes_return_to_service,
    bikes_send_to_maintenance,
)
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.services import (
    rental_cancel,
    rental_end_by_operator,
    rental_return,
    rental_start,
    reservation_cancel,
    reservation_start,
)
from bikerental.rentals.types import Place
from tests.factories import make_bike, make_station, make_user

ACCEPT = "application/vnd.mds+json;version=2.0"


class AgencyClient(APIClient):
    def __init__(self, name: str = "City of Example", accept: str = ACCEPT) -> None:
        super().__init__()
        self.new = agency_add(name=name, now=timezone.now())
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {self.new.token}", HTTP_ACCEPT=accept)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The list in a good answer."""
        answer = self.get(f"/mds/{path}", query)
        assert answer.status_code == 200, answer.content
        [rows] = [value for value in answer.json().values() if isinstance(value, list)]
        return rows


def hour_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def log(bike: Any, at: datetime, event_types: list[str], state: str, **fields: Any) -> int:
    """A row in the bike's log, without a move of the bike."""
    values = {"latitude": bike.latitude, "longitude": bike.longitude, "station_id": None, "rental_id": None} | fields
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO fleet_bikeevent (
                bike_id, happened_at, event_types, state, latitude, longitude, station_id, rental_id, actor, note
            ) VALUES (%s, %s, %s::text[], %s, %s, %s, %s, %s, 'system', 'a note') RETURNING id
            """,
            [bike.pk, at, event_types, state, *values.values()],
        )
        row: tuple[int] = cursor.fetchone()
    return row[0]


def put_bike(at: datetime, **fields: Any) -> Bike:
    """A bike that was put on the street at this time."""
    bike = make_bike(**fields)
    log(bike, at, ["provider_drop_off"], "available", station_id=bike.station_id)
    return bike


def let_happen(hour: datetime) -> dict[str, Any]:
    """In this hour: a ride between stations, one that ends in the street, one that was cancelled, one that a claim
    ended, one that an operator ended, one that goes on; a reservation that was used and one that was not; a bike in
    maintenance, one that was repaired, one that is carried elsewhere, and one that left the fleet. Returns who and
    what took part, by name."""
    opened, station, other = hour - timedelta(days=1), make_station(), make_station(latitude=59.95, longitude=30.35)
    rider, operator = make_user(name="Rider Roe", email="roe@example.org"), make_user(is_staff=True)
    bikes = [put_bike(opened, station=station) for _ in range(9)]
    minutes = [hour + timedelta(minutes=number) for number in range(60)]

    def ride(bike: Bike, begins: int, ends: int, place: Place | None = None) -> UUID:
        ride_id = begin(bike, begins)
        rental_return(rental_id=ride_id, rider_id=rider.pk, place=place, now=minutes[ends])
        return ride_id

    def begin(bike: Bike, begins: int) -> UUID:
        return UUID(rental_start(rider_id=rider.pk, bike_id=bike.pk, now=minutes[begins]).id)

    rides = {"moved": ride(bikes[0], 1, 5, Place(station_id=other.pk))}
    rides["street"] = ride(bikes[1], 6, 8, Place(latitude=59.94, longitude=30.33))
    rides["cancelled"] = begin(bikes[2], 9)
    rental_cancel(
        rental_id=rides["cancelled"], rider_id=rider.pk, reason=CancelReason.OTHER, text="no saddle", now=minutes[10]
    )
    rides["claimed"] = begin(bikes[3], 11)
    complaint = Complaint("returned_earlier", "I brought it back", minutes[12])
    claim_open(rental_id=rides["claimed"], rider_id=rider.pk, complaint=complaint, now=minutes[20])
    rides["ended"] = begin(bikes[4], 21)
    rental_end_by_operator(
        rental_id=rides["ended"], operator=operator, reason="Rider Roe called", ended_at=minutes[25], now=minutes[30]
    )
    reservation_start(rider_id=rider.pk, bike_id=bikes[5].pk, now=minutes[31])
    rides["reserved"] = ride(bikes[5], 32, 40)
    held = reservation_start(rider_id=rider.pk, bike_id=bikes[6].pk, now=minutes[41])
    reservation_cancel(reservation_id=held.id, rider_id=rider.pk, now=minutes[42])
    by = {"operator_id": operator.pk}
    bikes_send_to_maintenance(bike_ids=[bikes[6].pk, bikes[7].pk], now=minutes[43], **by)
    bikes_return_to_service(bike_ids=[bikes[6].pk], now=minutes[44], **by)
    bikes_pick_up(bike_ids=[bikes[6].pk], now=minutes[45], **by)
    bikes_decommission(bike_ids=[bikes[8].pk], now=minutes[46], **by)
    rides["open"] = begin(bikes[0], 50)
    return {"rider": rider, "operator": operator, "bikes": bikes, "rides": rides, "stations": [station, other]}
