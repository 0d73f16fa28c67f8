"""The reads of the fleet app.

Lists are rows, not model instances. Their ids and amounts are texts, so that a page is ready for JSON as it comes from
the database. Each docstring states the number of statements.
"""

from bikerental.fleet.selectors.bikes import (
    BIKE_FOR_RENTAL,
    NUMBER_ORDER,
    bike_row,
    bikes_by_number,
    bikes_page,
    with_number_key,
)
from bikerental.fleet.selectors.bounds import is_in_service, service_boxes
from bikerental.fleet.selectors.loading import bike_difference, bikes_by_number_key, station_difference
from bikerental.fleet.selectors.log import bikes_contradicted_by_log, bikes_moved_at, bikes_off_log
from bikerental.fleet.selectors.nearby import NEAR_ORDER, bikes_near
from bikerental.fleet.selectors.stations import (
    NAME_ORDER,
    NEAR_STATION_ORDER,
    station_nearest_returning,
    station_row,
    stations_near,
    stations_page,
    stations_with_bikes,
)
from bikerental.fleet.selectors.usage import is_referenced

__all__ = [
    "BIKE_FOR_RENTAL",
    "NAME_ORDER",
    "NEAR_ORDER",
    "NEAR_STATION_ORDER",
    "NUMBER_ORDER",
    "bike_difference",
    "bike_row",
    "bikes_by_number",
    "bikes_by_number_key",
    "bikes_contradicted_by_log",
    "bikes_moved_at",
    "bikes_near",
    "bikes_off_log",
    "bikes_page",
    "is_in_service",
    "is_referenced",
    "service_boxes",
    "station_difference",
    "station_nearest_returning",
    "station_row",
    "stations_near",
    "stations_page",
    "stations_with_bikes",
    "with_number_key",
]
