"""The writes of the feeds app."""

from bikerental.feeds.services.building import feed_build
from bikerental.feeds.services.serving import served

__all__ = ["feed_build", "served"]
