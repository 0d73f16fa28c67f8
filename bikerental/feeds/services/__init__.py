"""The writes of the feeds app."""

from bikerental.feeds.services.agencies import (
    agencies_end,
    agency_add,
    agency_end,
    agency_record_use,
    agency_replace_token,
)
from bikerental.feeds.services.building import feed_build
from bikerental.feeds.services.serving import feed_cache

__all__ = [
    "agencies_end",
    "agency_add",
    "agency_end",
    "agency_record_use",
    "agency_replace_token",
    "feed_build",
    "feed_cache",
]
