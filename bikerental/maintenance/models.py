"""Reports of defects, take-outs because of them, and photos that are being published."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel
from bikerental.fleet.models import Bike
from bikerental.maintenance.constants import ReportKind, ReportState, UploadState

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("take out"),)


class BikeReport(BaseModel):
    """A rider's report that something on a bike is broken."""

    bike = models.ForeignKey(
        Bike, on_delete=models.PROTECT, related_name="reports", verbose_name=_("bike"), db_index=False
    )
    rider = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bike_reports", verbose_name=_("rider")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=ReportKind.choices)
    text = models.TextField(_("text"), blank=True)
    state = models.CharField(_("state"), max_length=16, choices=ReportState.choices, default=ReportState.OPEN)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # Whether it can take the bike out of service: only if its rider rode the bike lately. The database default is for
    # the release before, which runs on during a deploy.
    counts = models.BooleanField(_("from a rider of the bike"), default=False, db_default=False)
    # The name of the published photo in the storage.
    photo = models.CharField(_("photo"), max_length=100, blank=True, default="")

    class Meta:
        db_table = "fleet_bikereport"  # the fleet app made it
        verbose_name = _("report of a bike")
        verbose_name_plural = _("reports of bikes")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ReportKind.values), name="bike_report_kind_known"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | Q(state__in=["resolved", "dismissed"], closed_at__isnull=False),
                name="bike_report_closed_has_time",
            ),
            # It is also the index for a bike's open reports.
            models.UniqueConstraint(
                fields=["bike", "rider", "kind"], condition=Q(state="open"), name="bike_report_open_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["bike", "state"], name="bike_report_of_bike"),
            models.Index("kind", "bike", condition=Q(state="open"), name="bike_report_open_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {timezone.localtime(self.created_at):%Y-%m-%d}"


class TakeOut(BaseModel):
    """A bike that reports took out of service at `created_at`. Rows are only added."""

    bike = models.ForeignKey(Bike, on_delete=models.CASCADE, related_name="+", verbose_name=_("bike"), db_index=False)

    class Meta:
        db_table = "fleet_takeout"  # the fleet app made it
        indexes: ClassVar = [models.Index(fields=["created_at"], name="take_out_age")]

    def __str__(self) -> str:
        return str(self.pk)


class TakeOutLimit(models.Model):
    """Whether reports take bikes out of service now. It has one row, which each take-out locks."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    # Take-outs before this time do not count.
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        db_table = "fleet_takeoutlimit"  # the fleet app made it
        verbose_name = _("limit of what reports take out of service")
        verbose_name_plural = _("limit of what reports take out of service")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="take_out_limit_is_one_row")]

    def __str__(self) -> str:
        return str(self.paused_at or "")


class PhotoUpload(BaseModel):
    """One upload, from its form until the photo is published or refused."""

    bike = models.ForeignKey(Bike, on_delete=models.CASCADE, related_name="photo_uploads", verbose_name=_("bike"))
    # None: it is a photo for the bike itself.
    report = models.ForeignKey(
        BikeReport,
        on_delete=models.CASCADE,
        related_name="photo_uploads",
        null=True,
        blank=True,
        verbose_name=_("report of a bike"),
    )
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("uploader")
    )
    key = models.CharField(_("name in the storage"), max_length=100, unique=True)
    state = models.CharField(_("state"), max_length=16, choices=UploadState.choices, default=UploadState.PENDING)
    code = models.CharField(_("why refused"), max_length=32, blank=True)
    expires_at = models.DateTimeField(_("to be uploaded by"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    # The number of checks that its uploader has caused.
    looks = models.PositiveSmallIntegerField(_("looks"), default=0, db_default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # A claim moves it forward. If the worker dies, the upload is due again at this time.
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)

    class Meta:
        db_table = "fleet_photoupload"  # the fleet app made it
        verbose_name = _("upload of a photo")
        verbose_name_plural = _("uploads of photos")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="photo_upload_state_known"),
            models.CheckConstraint(
                condition=Q(state="refused") & ~Q(code="") | ~Q(state="refused") & Q(code=""),
                name="photo_upload_refused_has_code",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", confirmed_at=None)
                | Q(state__in=["confirmed", "published"], confirmed_at__isnull=False)
                | Q(state="refused"),
                name="photo_upload_confirmed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="published", published_at__isnull=False)
                | ~Q(state="published") & Q(published_at=None),
                name="photo_upload_published_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["pending", "confirmed"]),
                name="photo_upload_unfinished",
            ),
            models.Index(fields=["uploader", "created_at"], name="photo_upload_of_user"),
            models.Index(fields=["created_at"], condition=Q(state="refused"), name="photo_upload_refused"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
