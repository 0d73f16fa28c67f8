"""Regions of the city, and alerts for riders."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel
from bikerental.feeds.constants import TIMES_FROM, AlertType
from bikerental.feeds.models.texts import URL, texts_check
from bikerental.fleet.models import Station


def text_of(texts: dict[str, str]) -> str:
    """The text in the reader's language, or in another one."""
    return texts.get(get_language() or "") or next(iter(texts.values()), "")


class Region(BaseModel):
    """A part of the city."""

    name = models.JSONField(_("name"))
    stations = models.ManyToManyField(
        Station, through="RegionStation", blank=True, related_name="+", verbose_name=_("stations")
    )

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        constraints: ClassVar = [texts_check("name", name="region_name", is_required=True)]

    def __str__(self) -> str:
        return text_of(self.name)


class RegionStation(models.Model):
    """A station is in one region at most."""

    station = models.OneToOneField(Station, primary_key=True, on_delete=models.CASCADE, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()  # the region's page edits it

    def __str__(self) -> str:
        return str(self.station_id)


class Alert(BaseModel):
    """What riders should know: for some stations or regions, or for the whole system."""

    type = models.CharField(_("kind"), max_length=16, choices=AlertType.choices)
    is_active = models.BooleanField(_("active"), default=True)
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    summary = models.JSONField(_("in one sentence"))
    description = models.JSONField(_("in full"), default=dict, blank=True)
    url = models.JSONField(_("web page"), default=dict, blank=True)
    stations = models.ManyToManyField(Station, blank=True, related_name="+", verbose_name=_("stations"))
    regions = models.ManyToManyField(Region, blank=True, related_name="+", verbose_name=_("regions"))
    updated_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(type__in=AlertType.values), name="alert_type_known"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="alert_starts_before_it_ends",
                violation_error_message=_("An alert starts before it ends."),
            ),
            models.CheckConstraint(
                condition=Q(starts_at__gte=TIMES_FROM),
                name="alert_starts_in_time",
                violation_error_message=_("The feeds have no times before 2016."),
            ),
            texts_check("summary", name="alert_summary", is_required=True),
            texts_check("description", name="alert_description"),
            texts_check("url", name="alert_url", pattern=URL),
        ]
        indexes: ClassVar = [models.Index(fields=["starts_at", "id"], name="alert_start")]

    def __str__(self) -> str:
        return text_of(self.summary)
