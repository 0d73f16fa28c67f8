"""Heartbeats of processes that serve no requests: beat with a worker, and the backup."""

from datetime import datetime

from django.utils import timezone

from bikerental.observe.models import Heartbeat


def heartbeat_record(*, name: str, now: datetime) -> None:
    """Record that the process works. One statement."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, beat_at=now)], update_conflicts=True, unique_fields=["name"], update_fields=["beat_at"]
    )


def heartbeat_ages() -> dict[str, float]:
    """The seconds since the last beat, by name: `beat` (with broker and worker), `backup`. One statement."""
    now = timezone.now()
    return {name: (now - beat_at).total_seconds() for name, beat_at in Heartbeat.objects.values_list("name", "beat_at")}
