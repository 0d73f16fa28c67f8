"""The log of the invented city's bikes: each was put on the street, and then came to its present state."""

from datetime import datetime

from django.db import connection

_PUT_ON_THE_STREET = """
    INSERT INTO fleet_bikeevent (bike_id, happened_at, event_types, state, latitude, longitude, station_id, actor, note)
    SELECT id, %s, ARRAY['provider_drop_off'], 'available', latitude, longitude, station_id, 'system', ''
      FROM fleet_bike ORDER BY id
"""
_PRESENT_STATE = """
    INSERT INTO fleet_bikeevent (
        bike_id, happened_at, event_types, state, latitude, longitude, station_id, rental_id, actor, note
    )
    SELECT bike.id, coalesce(rental.started_at, now()),
           ARRAY[CASE bike.status WHEN 'rented' THEN 'trip_start' ELSE 'maintenance' END],
           bike.status, bike.latitude, bike.longitude, coalesce(rental.start_station_id, bike.station_id), rental.id,
           CASE bike.status WHEN 'rented' THEN 'rider' ELSE 'system' END, ''
      FROM fleet_bike AS bike
      LEFT JOIN rentals_rental AS rental ON rental.bike_id = bike.id AND rental.status = 'active'
     WHERE bike.status <> 'available' ORDER BY bike.id
"""


def write_log(*, opened_at: datetime) -> None:
    """Two statements. The bikes and their rides exist."""
    with connection.cursor() as cursor:
        cursor.execute(_PUT_ON_THE_STREET, [opened_at])
        cursor.execute(_PRESENT_STATE)
