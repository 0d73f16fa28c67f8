"""Claims: what riders dispute, and the operators' decisions."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bikerental.billing.constants import REASON_LENGTH
from bikerental.claims.constants import TEXT_LENGTH, ClaimKind, ClaimStatus
from bikerental.core.models import BaseModel
from bikerental.fleet.models import Station
from bikerental.rentals.models import Rental


class Claim(BaseModel):
    """A rider disputes a ride, and an operator decides. A reduction of the cost is an entry of the ledger.

    The rider's text and the operator's answer are deleted when the account is erased.
    """

    rental = models.ForeignKey(Rental, on_delete=models.PROTECT, related_name="claims", verbose_name=_("ride"))
    rider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("rider"),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=ClaimKind.choices)
    text = models.CharField(_("text"), max_length=TEXT_LENGTH, blank=True, default="")
    status = models.CharField(_("status"), max_length=8, choices=ClaimStatus.choices, default=ClaimStatus.OPEN)

    # When and where the bike was returned, as the rider says.
    ended_at = models.DateTimeField(_("claimed end"), null=True)
    station = models.ForeignKey(
        Station, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("station")
    )
    latitude = models.FloatField(_("latitude"), null=True)
    longitude = models.FloatField(_("longitude"), null=True)

    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("decided by"),
    )
    answer = models.CharField(_("answer"), max_length=REASON_LENGTH, blank=True, default="")
    corrected_end = models.DateTimeField(_("corrected end"), null=True)
    adjusted_amount = models.DecimalField(_("taken off"), max_digits=14, decimal_places=2, null=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rental"], condition=Q(status="open"), name="claim_one_open_a_ride"),
            models.CheckConstraint(condition=Q(kind__in=ClaimKind.values), name="claim_kind_known"),
            models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status_known"),
            models.CheckConstraint(
                condition=Q(status="open", decided_at=None, decided_by=None, answer="")
                | (~Q(status="open") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="claim_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", adjusted_amount__isnull=False, adjusted_amount__gt=Decimal(0))
                | (~Q(status="accepted") & Q(adjusted_amount=None, corrected_end=None)),
                name="claim_accepted_takes_off",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(station=None, latitude__isnull=False, longitude__isnull=False),
                name="claim_of_one_place",
            ),
        ]
        indexes: ClassVar = [
            models.Index("rider", F("created_at").desc(), F("id").desc(), name="claim_of_rider"),
            models.Index("created_at", condition=Q(status="open"), name="claim_open"),
            models.Index(F("created_at").desc(), F("id").desc(), name="claim_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
