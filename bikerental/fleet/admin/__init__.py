"""An operator's hands on the fleet: a module for each kind of page."""

from bikerental.fleet.admin import bikes, reports, stations, tariffs

__all__ = ["bikes", "reports", "stations", "tariffs"]
