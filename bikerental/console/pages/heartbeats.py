"""The heartbeats of processes that serve no requests, as the pages show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import OLD_AFTER

LABELS = {"beat": _("Background tasks"), "backup": _("Backup")}


class BeatShown(NamedTuple):
    label: Promise
    beat_at: datetime | None
    is_old: bool


def beats_shown(heartbeats: Mapping[str, datetime], now: datetime) -> list[BeatShown]:
    """The last beat of each process. One that never beat counts as old."""
    return [_beat_shown(name, heartbeats.get(name), now) for name in LABELS]


def _beat_shown(name: str, beat_at: datetime | None, now: datetime) -> BeatShown:
    return BeatShown(LABELS[name], beat_at, beat_at is None or now - beat_at > OLD_AFTER[name])
