"""The reads of the zones app. Each docstring states the number of statements."""

from bikerental.zones.selectors.cached import ZoneDecision, ZoneSet, zones_cached
from bikerental.zones.selectors.collection import Collection, zones_collection
from bikerental.zones.selectors.nearest import nearest_end, nearest_point

__all__ = ["Collection", "ZoneDecision", "ZoneSet", "nearest_end", "nearest_point", "zones_cached", "zones_collection"]
