"""The writes of the console."""

from bikerental.console.services.actions import (
    action_do,
    acts_note,
    reasons_erase,
    roles_require_right,
    roles_set,
)
from bikerental.console.services.fleet import (
    fleet_files_check,
    fleet_files_keep,
    fleet_files_kept,
    fleet_files_load,
    stations_note,
)

__all__ = [
    "action_do",
    "acts_note",
    "fleet_files_check",
    "fleet_files_keep",
    "fleet_files_kept",
    "fleet_files_load",
    "reasons_erase",
    "roles_require_right",
    "roles_set",
    "stations_note",
]
