"""Base of the product's models."""

from django.db import models
from django.utils import timezone

from bikerental.core.identifiers import uuid7


class BaseModel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
