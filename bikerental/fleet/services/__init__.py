"""What changes the fleet."""

from bikerental.fleet.services.bikes import (
    bike_add,
    bike_claim,
    bike_edit,
    bike_return_to_service,
    bike_send_to_maintenance,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.fleet.services.stations import station_edit

__all__ = [
    "bike_add",
    "bike_claim",
    "bike_edit",
    "bike_return_to_service",
    "bike_send_to_maintenance",
    "bikes_return_to_service",
    "bikes_send_to_maintenance",
    "bikes_set_tariff",
    "station_edit",
]
