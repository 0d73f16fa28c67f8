"""The rows of the feeds app."""

from bikerental.feeds.models.agencies import Agency
from bikerental.feeds.models.alerts import Alert, Region, RegionStation
from bikerental.feeds.models.built import FeedBuild, FeedFile
from bikerental.feeds.models.system import System

__all__ = ["Agency", "Alert", "FeedBuild", "FeedFile", "Region", "RegionStation", "System"]
