"""An operator's hands on the fleet: a module for each kind of page."""

from bikerental.fleet.admin import bikes, stations, tariffs

__all__ = ["bikes", "stations", "tariffs"]
