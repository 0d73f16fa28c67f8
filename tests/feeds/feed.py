"""The built feed as a test reads it."""

import gzip
import json
from datetime import datetime
from typing import Any

from django.utils import timezone

from bikerental.feeds.models import FeedBuild, FeedFile
from bikerental.feeds.services import feed_build


def build(*, now: datetime | None = None) -> None:
    FeedBuild.objects.update(built_at=None)  # the last build may be too young for another one
    assert feed_build(now=now or timezone.now())


def file(name: str) -> dict[str, Any]:
    """One file, such as 3/station_status."""
    body = FeedFile.objects.get(name=f"{name}.json").body
    text: dict[str, Any] = json.loads(gzip.decompress(body))
    return text


def vehicles(version: int = 3) -> list[dict[str, Any]]:
    data = file("3/vehicle_status" if version == 3 else "2/free_bike_status")["data"]
    found: list[dict[str, Any]] = data["vehicles" if version == 3 else "bikes"]
    return found


def stations(name: str = "3/station_status") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = file(name)["data"]["stations"]
    return found
