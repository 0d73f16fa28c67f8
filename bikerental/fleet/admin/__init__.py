"""The admin's pages of the fleet, with a module for each kind of page."""

from bikerental.fleet.admin import bikes, events, stations, tariffs

__all__ = ["bikes", "events", "stations", "tariffs"]
