"""Rows about the service's own processes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("heartbeat"),)


class Heartbeat(models.Model):
    """The last time at which a process without requests showed that it works."""

    name = models.CharField(primary_key=True, max_length=64)
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "core_heartbeat"  # it was made by the core app

    def __str__(self) -> str:
        return self.name
