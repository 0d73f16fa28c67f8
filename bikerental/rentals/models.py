"""Rides, their events, and reservations."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel
from bikerental.fleet.models import Bike, Station, Tariff
from bikerental.fleet.types import TariffTerms

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (
    _("tariff"),
    _("tariff name"),
    _("unlock fee"),
    _("per minute"),
    _("free minutes"),
    _("daily cap"),
    _("overdue after minutes"),
    _("out of area fee"),
    _("is out of area"),
    _("reconcile count"),
)


class Rental(BaseModel):
    """One ride. `returned` is the outbox: the ride still has to be settled.

    After RIDE_RETENTION_DAYS it is anonymised: the amounts stay, the rider and the places are removed.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        RETURNED = "returned", _("returned")
        SETTLED = "settled", _("settled")

    rider = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="rentals", db_index=False
    )
    bike = models.ForeignKey(Bike, on_delete=models.PROTECT, related_name="rentals", db_index=False)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    start_station = models.ForeignKey(
        Station, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("from")
    )
    end_station = models.ForeignKey(
        Station, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("to")
    )

    # The tariff at the beginning of the ride.
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+", db_index=False)
    tariff_name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    unlock_fee = models.DecimalField(max_digits=10, decimal_places=2)
    per_minute = models.DecimalField(max_digits=10, decimal_places=2)
    free_minutes = models.PositiveIntegerField()
    daily_cap = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    overdue_after_minutes = models.PositiveIntegerField()
    out_of_area_fee = models.DecimalField(
        _("fee for an end out of the area"), max_digits=10, decimal_places=2, null=True
    )

    # It ended where the zones allow it only for a fee.
    is_out_of_area = models.BooleanField(_("ended out of the area"), default=False, db_default=False)
    # Taken back by its rider, free of charge: settled, and shown as `cancelled`. A state of its own would not fit into
    # the column, and a wider one would build every partial index anew while nobody rides.
    is_cancelled = models.BooleanField(_("cancelled"), default=False, db_default=False)
    overdue_at = models.DateTimeField(_("found overdue at"), null=True)
    overdue_told_at = models.DateTimeField(_("told of being overdue at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)
    cost_amount = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True)
    cost_lines = models.JSONField(_("receipt lines"), null=True)

    class Meta:
        verbose_name = _("rental")
        verbose_name_plural = _("rentals")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rider"], condition=Q(status="active"), name="rental_one_open_per_rider"),
            models.UniqueConstraint(fields=["bike"], condition=Q(status="active"), name="rental_one_open_per_bike"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "returned", "settled"]), name="rental_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="active", ended_at=None) | (~Q(status="active") & Q(ended_at__gte=F("started_at"))),
                name="rental_ended_unless_active",
            ),
            models.CheckConstraint(
                condition=Q(status="settled", cost_amount__gte=0, cost_lines__isnull=False, settled_at__isnull=False)
                | (~Q(status="settled") & Q(cost_amount=None, cost_lines=None, settled_at=None)),
                name="rental_cost_once_settled",
            ),
            # NULL passes a CHECK that compares it, as in the two above.
            models.CheckConstraint(
                condition=Q(status="active") | Q(ended_at__isnull=False), name="rental_over_has_end"
            ),
            models.CheckConstraint(
                condition=~Q(status="settled") | Q(cost_amount__isnull=False), name="rental_settled_has_cost"
            ),
            models.CheckConstraint(
                condition=Q(unlock_fee__gte=0, per_minute__gte=0) & (Q(daily_cap=None) | Q(daily_cap__gte=0)),
                name="rental_terms_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(rider__isnull=False) | Q(status="settled", start_station=None, end_station=None),
                name="rental_of_nobody_is_settled_and_placeless",
            ),
            models.CheckConstraint(
                condition=Q(out_of_area_fee=None) | Q(out_of_area_fee__gte=0),
                name="rental_out_of_area_fee_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(is_cancelled=False) | Q(status="settled", cost_amount=0, is_out_of_area=False),
                name="rental_cancelled_is_free",
            ),
            models.CheckConstraint(
                condition=Q(is_out_of_area=False) | Q(out_of_area_fee__isnull=False, ended_at__isnull=False),
                name="rental_out_of_area_has_fee",
            ),
        ]
        indexes: ClassVar = [
            models.Index("rider", F("started_at").desc(), F("id").desc(), name="rental_history"),
            models.Index("bike", F("started_at").desc(), name="rental_of_bike"),
            models.Index("ended_at", condition=Q(status="returned"), name="rental_unsettled"),
            models.Index(
                fields=["settled_at"], condition=Q(status="settled", rider__isnull=False), name="rental_to_forget"
            ),
            models.Index("rider", "ended_at", condition=Q(is_cancelled=True), name="rental_cancelled"),
            models.Index("started_at", condition=Q(status="active"), name="rental_open"),
            models.Index(F("started_at").desc(), F("id").desc(), name="rental_newest"),
            # For the rides that ended in an hour.
            models.Index("ended_at", "id", condition=Q(ended_at__isnull=False), name="rental_ended"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def terms(self) -> TariffTerms:
        return TariffTerms(
            self.tariff_name,
            self.currency,
            str(self.unlock_fee),
            str(self.per_minute),
            self.free_minutes,
            None if self.daily_cap is None else str(self.daily_cap),
            self.overdue_after_minutes,
            None if self.out_of_area_fee is None else str(self.out_of_area_fee),
        )


class RentalEvent(models.Model):
    """An event of a ride, in order. Rows are only added; only personal data is removed from them."""

    class Kind(models.TextChoices):
        STARTED = "started", _("started")
        OVERDUE = "overdue", _("overdue")
        RETURNED = "returned", _("returned")
        ENDED_BY_OPERATOR = "ended_by_operator", _("ended by an operator")
        SETTLED = "settled", _("settled")
        CANCELLED = "cancelled", _("cancelled")

    rental = models.ForeignKey(Rental, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    happened_at = models.DateTimeField(_("happened at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("rental event")
        verbose_name_plural = _("rental events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rental", "kind"], condition=~Q(kind="overdue"), name="rental_event_once")
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Reservation(BaseModel):
    """A bike that is held for a rider until `expires_at`.

    From that second on it has no effect, though it stays `active` until the sweep or the next rider of the bike ends
    it. Rows change only under the lock of their bike.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        USED = "used", _("used")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    rider = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("rider")
    )
    bike = models.ForeignKey(
        Bike, on_delete=models.PROTECT, related_name="reservations", db_index=False, verbose_name=_("bike")
    )
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.ACTIVE)
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    # False if the bike was taken away, which is not the rider's fault.
    counts = models.BooleanField(_("counts as unused"), default=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rider"], condition=Q(status="active"), name="reservation_one_active_per_rider"
            ),
            models.UniqueConstraint(
                fields=["bike"], condition=Q(status="active"), name="reservation_one_active_per_bike"
            ),
            models.CheckConstraint(
                condition=Q(status="active", ended_at=None)
                | Q(status__in=["used", "cancelled", "expired"], ended_at__isnull=False),
                name="reservation_ended_unless_active",
            ),
            models.CheckConstraint(condition=Q(expires_at__gte=F("created_at")), name="reservation_expires_later"),
        ]
        indexes: ClassVar = [
            models.Index("rider", F("id").desc(), name="reservation_of_rider"),
            models.Index("bike", F("id").desc(), name="reservation_of_bike"),
            models.Index("expires_at", condition=Q(status="active"), name="reservation_to_expire"),
            models.Index("ended_at", condition=~Q(status="active"), name="reservation_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReconcileCount(models.Model):
    """The counts of the last reconciliation: a row for each of its checks."""

    check_name = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField()
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.check_name
