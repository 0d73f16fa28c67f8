"""What the service says of itself."""

from django.db import models


class Heartbeat(models.Model):
    """When a process that makes no noise last showed that it works."""

    name = models.CharField(primary_key=True, max_length=64)
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "core_heartbeat"  # it was made by the core app

    def __str__(self) -> str:
        return self.name
