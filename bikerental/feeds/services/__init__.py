"""The writes of the feeds app."""

from bikerental.feeds.services.agencies import (
    agencies_end,
    agency_add,
    agency_end,
    agency_note_use,
    agency_replace_token,
)
from bikerental.feeds.services.building import feed_build
from bikerental.feeds.services.serving import served

__all__ = [
    "agencies_end",
    "agency_add",
    "agency_end",
    "agency_note_use",
    "agency_replace_token",
    "feed_build",
    "served",
]
