"""Who may read the city's view."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel


class Agency(BaseModel):
    """A public agency and its token, of which only a digest is kept.

    SHA-256 is enough for it: a token is random, so nobody can guess one to compare.
    """

    name = models.CharField(_("name"), max_length=100)
    token_digest = models.CharField(max_length=64, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)  # to the hour

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_digest"], name="agency_token_unique"),
            models.UniqueConstraint(fields=["name"], condition=Q(ended_at=None), name="agency_one_token_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
