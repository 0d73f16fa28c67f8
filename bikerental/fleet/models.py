"""Bikes, their models and tariffs, stations, and the log of bikes."""

from typing import Any, ClassVar
from unicodedata import normalize

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from bikerental.core.models import BaseModel
from bikerental.core.money import CURRENCIES, WHOLE_CURRENCIES
from bikerental.fleet.constants import (
    BIKE_PHOTOS,
    DAILY_CAP_MAX,
    OUT_OF_AREA_FEE_MAX,
    PER_MINUTE_MAX,
    RANGE_DEFAULT_M,
    RANGE_MAX_M,
    RANGE_MIN_M,
    TARIFF_MINUTES_MAX,
    UNLOCK_FEE_MAX,
    ActorKind,
    BikeStatus,
    EventType,
    Propulsion,
)
from bikerental.fleet.numbers import NUMBER_LENGTH, is_number_key, number_key, number_key_typed
from bikerental.media.names import photo_name

LATITUDE_RANGE = (MinValueValidator(-90.0), MaxValueValidator(90.0))
LONGITUDE_RANGE = (MinValueValidator(-180.0), MaxValueValidator(180.0))


def photo_path(bike: "Bike", filename: str) -> str:
    """A random name. It has nothing of the file's own name."""
    return photo_name(BIKE_PHOTOS)


def _money(label: Any, *, most: int, **options: Any) -> "models.DecimalField[Any, Any]":
    bounds = [MinValueValidator(0), MaxValueValidator(most)]
    return models.DecimalField(label, max_digits=10, decimal_places=2, validators=bounds, **options)


def _minutes(label: Any, **options: Any) -> "models.PositiveIntegerField[Any, Any]":
    return models.PositiveIntegerField(label, validators=[MaxValueValidator(TARIFF_MINUTES_MAX)], **options)


class Tariff(BaseModel):
    """The terms of a price. A rental keeps a copy; a new price needs a new tariff."""

    name = models.CharField(_("name"), max_length=100)
    currency = models.CharField(_("currency"), max_length=3, choices=[(code, code) for code in CURRENCIES])
    unlock_fee = _money(_("unlock fee"), most=UNLOCK_FEE_MAX)
    per_minute = _money(_("price of a minute"), most=PER_MINUTE_MAX)
    free_minutes = _minutes(_("free minutes"), default=0)
    daily_cap = _money(_("cap of 24 hours"), most=DAILY_CAP_MAX, null=True, blank=True)
    overdue_after_minutes = _minutes(_("overdue after minutes"), default=1440)
    out_of_area_fee = _money(_("fee for an end out of the area"), most=OUT_OF_AREA_FEE_MAX, null=True, blank=True)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unlock_fee__gte=0), name="tariff_unlock_fee_not_negative"),
            models.CheckConstraint(condition=Q(per_minute__gte=0), name="tariff_per_minute_not_negative"),
            models.CheckConstraint(condition=Q(free_minutes__gte=0), name="tariff_free_minutes_not_negative"),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(daily_cap__gte=0), name="tariff_daily_cap_not_negative"
            ),
            models.CheckConstraint(condition=Q(overdue_after_minutes__gte=0), name="tariff_overdue_not_negative"),
            models.CheckConstraint(condition=Q(currency__in=CURRENCIES), name="tariff_currency_known"),
            # With this limit the cost of a ride of 366 days fits into Rental.cost_amount.
            models.CheckConstraint(
                condition=Q(
                    Q(daily_cap=None) | Q(daily_cap__lte=DAILY_CAP_MAX),
                    unlock_fee__lte=UNLOCK_FEE_MAX,
                    per_minute__lte=PER_MINUTE_MAX,
                    free_minutes__lte=TARIFF_MINUTES_MAX,
                    overdue_after_minutes__lte=TARIFF_MINUTES_MAX,
                ),
                name="tariff_terms_bounded",
            ),
            models.CheckConstraint(
                condition=~Q(currency__in=WHOLE_CURRENCIES)
                | Q(
                    Q(daily_cap=None) | Q(daily_cap=Round("daily_cap")),
                    unlock_fee=Round("unlock_fee"),
                    per_minute=Round("per_minute"),
                ),
                name="tariff_amounts_can_be_paid",
                violation_error_message=_("This currency has no smaller unit: only whole amounts can be paid."),
            ),
            models.CheckConstraint(
                condition=Q(out_of_area_fee=None) | Q(out_of_area_fee__range=(0, OUT_OF_AREA_FEE_MAX)),
                name="tariff_out_of_area_fee_bounded",
            ),
            models.CheckConstraint(
                condition=~Q(currency__in=WHOLE_CURRENCIES)
                | Q(out_of_area_fee=None)
                | Q(out_of_area_fee=Round("out_of_area_fee")),
                name="tariff_out_of_area_fee_can_be_paid",
                violation_error_message=_("This currency has no smaller unit: only whole amounts can be paid."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BikeModel(BaseModel):
    name = models.CharField(_("name"), max_length=100)
    propulsion = models.CharField(_("propulsion"), max_length=16, choices=Propulsion.choices, default=Propulsion.HUMAN)
    # Only counts with a motor. It has a default so that a model from before this field has one in the public feed.
    max_range_m = models.PositiveIntegerField(
        _("range in metres"),
        default=RANGE_DEFAULT_M,
        db_default=RANGE_DEFAULT_M,
        validators=[MinValueValidator(RANGE_MIN_M), MaxValueValidator(RANGE_MAX_M)],
        help_text=_("With a motor: how far the bike goes with a full battery. The public feed shows it."),
    )

    class Meta:
        verbose_name = _("bike model")
        verbose_name_plural = _("bike models")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(propulsion__in=Propulsion.values), name="bike_model_propulsion_known"),
            models.CheckConstraint(
                condition=Q(max_range_m__range=(RANGE_MIN_M, RANGE_MAX_M)), name="bike_model_range_bounded"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Station(BaseModel):
    name = models.CharField(_("name"), max_length=100)
    latitude = models.FloatField(_("latitude"), validators=LATITUDE_RANGE)
    longitude = models.FloatField(_("longitude"), validators=LONGITUDE_RANGE)
    capacity = models.PositiveIntegerField(_("docks"))
    is_renting = models.BooleanField(_("lends bikes"), default=True, db_default=True)
    is_returning = models.BooleanField(_("takes returns"), default=True, db_default=True)

    class Meta:
        verbose_name = _("station")
        verbose_name_plural = _("stations")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(latitude__range=(-90.0, 90.0)), name="station_latitude_range"),
            models.CheckConstraint(condition=Q(longitude__range=(-180.0, 180.0)), name="station_longitude_range"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name", "id"], name="station_name"),
            # For lists of free bikes, which leave out the bikes of these stations.
            models.Index("id", condition=Q(is_renting=False), name="station_not_renting"),
        ]

    def __str__(self) -> str:
        return self.name


# The same expression as in the index `bike_number_key_unique`.
NUMBER_KEY = Func(F("number"), function="bike_number_key", output_field=models.CharField())


class Bike(BaseModel):
    # "C": an upgrade of the libc does not change the order of numbers, on which pages depend.
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH, db_collation="C")
    model = models.ForeignKey(
        BikeModel,
        on_delete=models.PROTECT,
        related_name="bikes",
        verbose_name=_("model"),
        db_index=False,  # bike_model_status_number covers it
    )
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="bikes", verbose_name=_("tariff"))
    status = models.CharField(_("status"), max_length=16, choices=BikeStatus.choices, default=BikeStatus.AVAILABLE)
    station = models.ForeignKey(
        Station,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bikes",
        verbose_name=_("station"),
        db_index=False,  # bike_station_status covers it
    )
    latitude = models.FloatField(_("latitude"), validators=LATITUDE_RANGE)
    longitude = models.FloatField(_("longitude"), validators=LONGITUDE_RANGE)
    photo = models.FileField(_("photo"), upload_to=photo_path, null=True, blank=True)

    class Meta:
        verbose_name = _("bike")
        verbose_name_plural = _("bikes")
        constraints: ClassVar = [
            # Not `unique=True`, which would add a second index for LIKE, and each ride updates all indexes.
            models.UniqueConstraint(fields=["number"], name="bike_number_unique"),
            models.UniqueConstraint(
                NUMBER_KEY,
                name="bike_number_key_unique",
                violation_error_message=_(
                    "Another bike has this number but for case, dashes, spaces or Cyrillic letters that look Latin."
                ),
            ),
            models.CheckConstraint(condition=Q(status__in=BikeStatus.values), name="bike_status_known"),
            models.CheckConstraint(condition=Q(latitude__range=(-90.0, 90.0)), name="bike_latitude_range"),
            models.CheckConstraint(condition=Q(longitude__range=(-180.0, 180.0)), name="bike_longitude_range"),
        ]
        indexes: ClassVar = [
            GistIndex(Func(F("longitude"), F("latitude"), function="point"), name="bike_position"),
            models.Index(fields=["status", "number"], name="bike_status_number"),
            models.Index(fields=["model", "status", "number"], name="bike_model_status_number"),
            models.Index(fields=["station", "status"], name="bike_station_status"),
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        super().clean()
        self.number = normalize("NFC", self.number)
        key = number_key(self.number)
        if key != number_key_typed(self.number) or not is_number_key(key):
            raise ValidationError({"number": _("A number has letters or digits, and is no address.")})


class BikeEvent(models.Model):
    """The log of bikes: a row for each move. Only `fleet.services.moving` writes it.

    A trigger refuses every change of a row, and every deletion except by retention. A bike's ids grow in the order of
    its moves, because they are given under the bike's lock. References are not foreign keys, because a row outlives
    its rental or operator.
    """

    bike = models.ForeignKey(
        Bike, on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("bike"), db_index=False, db_constraint=False
    )
    happened_at = models.DateTimeField(_("happened at"))
    event_types = ArrayField(models.CharField(max_length=24, choices=EventType.choices), verbose_name=_("what"))
    state = models.CharField(_("state after"), max_length=16, choices=BikeStatus.choices)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    station_id = models.UUIDField(_("station"), null=True)
    rental_id = models.UUIDField(_("rental"), null=True)
    reservation_id = models.UUIDField(_("reservation"), null=True)
    actor = models.CharField(_("who"), max_length=8, choices=ActorKind.choices)
    operator_id = models.UUIDField(_("operator"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("event of a bike")
        verbose_name_plural = _("events of bikes")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(event_types__contained_by=EventType.values, event_types__len__gte=1),
                name="bike_event_types_known",
            ),
            models.CheckConstraint(condition=Q(state__in=BikeStatus.values), name="bike_event_state_known"),
            models.CheckConstraint(
                condition=Q(actor="operator") | Q(actor__in=["rider", "system"], operator_id=None),
                name="bike_event_actor_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("bike"), F("id").desc(), name="bike_event_of_bike"),
            models.Index(fields=["happened_at"], name="bike_event_time"),
            # For the last event at a station.
            models.Index(
                fields=["station_id", "happened_at"],
                condition=Q(station_id__isnull=False),
                name="bike_event_at_station",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(str(EventType(event_type).label) for event_type in self.event_types)
