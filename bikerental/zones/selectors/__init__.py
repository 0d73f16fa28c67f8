"""The reads of the zones app. Each docstring states the number of statements."""

from bikerental.zones.selectors.collection import Collection, zones_collection
from bikerental.zones.selectors.drawn import Drawn, Ruling, zones_drawn
from bikerental.zones.selectors.nearest import nearest_end, nearest_point

__all__ = ["Collection", "Drawn", "Ruling", "nearest_end", "nearest_point", "zones_collection", "zones_drawn"]
