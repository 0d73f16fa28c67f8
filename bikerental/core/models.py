"""The base class of all models, and rows that tasks failed on."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.core.identifiers import uuid7

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("id"), _("created at"))


class BaseModel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class FailedRow(BaseModel):
    """A row whose own data make a task fail. Batches skip it until `retry_at`."""

    task = models.CharField(_("task"), max_length=100)
    row_id = models.CharField(_("row"), max_length=100)
    # SQLSTATE and constraint, or the exception's class: no data of the row.
    error = models.CharField(_("error"), max_length=200)
    failures = models.PositiveIntegerField(_("failures"), default=1)
    failed_at = models.DateTimeField(_("last failure at"))
    retry_at = models.DateTimeField(_("next attempt at"))
    told_at = models.DateTimeField(_("operators told at"), null=True)

    class Meta:
        verbose_name = _("row that failed")
        verbose_name_plural = _("rows that failed")
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "row_id"], name="failed_row_once")]
        indexes: ClassVar = [models.Index("id", condition=Q(told_at=None), name="failed_row_untold")]

    def __str__(self) -> str:
        return f"{self.task} {self.row_id}"
