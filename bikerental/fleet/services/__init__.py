"""The writes of the fleet app."""

from bikerental.fleet.services.bikes import (
    bike_add,
    bike_change_state,
    bike_edit,
    bike_relocate,
    bikes_decommission,
    bikes_drop_off,
    bikes_pick_up,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.fleet.services.keeping_log import bike_events_purge, bike_log_repair
from bikerental.fleet.services.loading import fleet_load
from bikerental.fleet.services.moving import bike_move, bike_move_sql, bikes_move
from bikerental.fleet.services.stations import station_add, station_edit

__all__ = [
    "bike_add",
    "bike_change_state",
    "bike_edit",
    "bike_events_purge",
    "bike_log_repair",
    "bike_move",
    "bike_move_sql",
    "bike_relocate",
    "bikes_decommission",
    "bikes_drop_off",
    "bikes_move",
    "bikes_pick_up",
    "bikes_return_to_service",
    "bikes_send_to_maintenance",
    "bikes_set_tariff",
    "fleet_load",
    "station_add",
    "station_edit",
]
