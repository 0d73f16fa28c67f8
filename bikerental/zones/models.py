"""Zones, which decide where a ride may end."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel
from bikerental.zones.constants import POINTS_MAX, SHAPE_BYTES_MAX, ZoneKind

# Models and fields that have no name but the one in the code, for `make messages`.
NAMES = (_("zone version"),)


class Zone(BaseModel):
    """An area that an operator has drawn. A trigger gives each change of the table a new number: see `ZoneVersion`."""

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=16, choices=ZoneKind.choices)
    is_active = models.BooleanField(_("active"), default=True)
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    # GeoJSON: a Polygon, or a MultiPolygon if it crosses the 180th meridian.
    shape = models.JSONField(_("shape"))
    points = models.PositiveIntegerField(_("points"), editable=False)
    # The number of the row's last change, written by the trigger.
    revision = models.BigIntegerField(editable=False, default=0, db_default=0)

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ZoneKind.values), name="zone_kind_known"),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_from__lt=F("valid_until")),
                name="zone_begins_before_it_ends",
                violation_error_message=_("A zone is valid from a time before it is valid until."),
            ),
            models.CheckConstraint(
                condition=Q(shape__type__in=["Polygon", "MultiPolygon"], shape__has_keys=["type", "coordinates"]),
                name="zone_shape_is_polygon",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(
                        Cast("shape", models.TextField()), function="octet_length", output_field=models.IntegerField()
                    ),
                    SHAPE_BYTES_MAX,
                ),
                name="zone_shape_bounded",
            ),
            models.CheckConstraint(condition=Q(points__range=(4, POINTS_MAX)), name="zone_points_bounded"),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "id"], name="zone_name")]

    def __str__(self) -> str:
        return self.name


class ZoneVersion(models.Model):
    """The number of the last change of any zone, written by a trigger. Zones read under this number are still current.

    No number is used twice, not even after a rollback. Without a row no zone was ever drawn.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="zone_version_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)
