"""The admin's pages of the feeds."""

from bikerental.feeds.admin import agencies, alerts, system

__all__ = ["agencies", "alerts", "system"]
