from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("idempotency key"),)


class IdempotencyKey(models.Model):
    """The answer to a request that may be repeated, kept for a day. It commits together with the request's effect.

    It has no foreign key, because users lie above this app.
    """

    rider_id = models.UUIDField()
    route = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rider_id", "route", "key"], name="idempotency_key_unique")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key
