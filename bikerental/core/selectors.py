"""What the kernel reads."""

from django.utils import timezone

from bikerental.core.models import Heartbeat


def heartbeat_ages() -> dict[str, float]:
    """By name, the seconds since each last beat: `beat` (with broker and worker), `backup`. One statement."""
    now = timezone.now()
    return {name: (now - beat_at).total_seconds() for name, beat_at in Heartbeat.objects.values_list("name", "beat_at")}
