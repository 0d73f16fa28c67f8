"""The log of what operators do in the console."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import REASON_LENGTH, ActionKind
from bikerental.core.models import BaseModel


class Action(BaseModel):
    """Who did what, to which bike, ride, rider, claim, station or zone.

    A trigger refuses every change of a row but one: the reason is emptied when a rider's account is erased, because
    it may name the rider. References are not foreign keys, because a row outlives what it names.
    """

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("operator"),
    )
    kind = models.CharField(_("what"), max_length=40)
    # Of the form: a form that is sent twice acts once.
    key = models.UUIDField()
    bike_id = models.UUIDField(_("bike"), null=True)
    rental_id = models.UUIDField(_("ride"), null=True)
    rider_id = models.UUIDField(_("rider"), null=True)
    claim_id = models.UUIDField(_("claim"), null=True)
    station_id = models.UUIDField(_("station"), null=True)
    zone_id = models.UUIDField(_("zone"), null=True)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="")
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("action of an operator")
        verbose_name_plural = _("actions of operators")
        default_permissions = ("view",)
        permissions: ClassVar = [
            ("open_today", _("may open the console's page of the day")),
            ("open_figures", _("may open the console's figures")),
            ("open_service", _("may open the console's page of the service")),
            ("assign_roles", _("may give roles to operators")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="console_action_key"),
        ]
        indexes: ClassVar = [
            models.Index("operator", F("id").desc(), name="console_action_operator"),
            models.Index("bike_id", F("id").desc(), condition=Q(bike_id__isnull=False), name="console_action_bike"),
            models.Index("rental_id", F("id").desc(), condition=Q(rental_id__isnull=False), name="console_action_ride"),
            models.Index("rider_id", F("id").desc(), condition=Q(rider_id__isnull=False), name="console_action_rider"),
        ]

    def __str__(self) -> str:
        return str(ActionKind(self.kind).label if self.kind in ActionKind.values else self.kind)
