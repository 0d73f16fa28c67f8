"""The writes of the console."""

from bikerental.console.services.actions import (
    action_perform,
    actions_log,
    reasons_erase,
    roles_require_right,
    roles_set,
)
from bikerental.console.services.fleet import (
    fleet_files_check,
    fleet_files_load,
    fleet_files_store,
    fleet_files_stored,
    stations_log,
)

__all__ = [
    "action_perform",
    "actions_log",
    "fleet_files_check",
    "fleet_files_load",
    "fleet_files_store",
    "fleet_files_stored",
    "reasons_erase",
    "roles_require_right",
    "roles_set",
    "stations_log",
]
