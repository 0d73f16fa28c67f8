"""What the zones app reads. Each function states its statements."""

from bikerental.zones.selectors.collection import Collection, zones_collection
from bikerental.zones.selectors.drawn import Drawn, Ruling, zones_drawn
from bikerental.zones.selectors.nearest import nearest_end

__all__ = ["Collection", "Drawn", "Ruling", "nearest_end", "zones_collection", "zones_drawn"]
