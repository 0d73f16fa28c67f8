"""The rows of the feeds app."""

from bikerental.feeds.models.agencies import Agency
from bikerental.feeds.models.built import FeedBuild, FeedFile

__all__ = ["Agency", "FeedBuild", "FeedFile"]
