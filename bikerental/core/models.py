"""Base of the product's models."""

from django.db import models
from django.utils import timezone

from bikerental.core.identifiers import uuid7


class BaseModel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class Heartbeat(models.Model):
    """When a process that makes no noise last showed that it works."""

    name = models.CharField(primary_key=True, max_length=64)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
