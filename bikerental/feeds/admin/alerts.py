"""The pages of regions and alerts."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.feeds.admin.texts import TextsField, TextsForm, urls_field
from bikerental.feeds.constants import TEXT_LENGTH, AlertType
from bikerental.feeds.locks import regions_lock
from bikerental.feeds.models import Alert, Region
from bikerental.feeds.selectors.system import region_of_another
from bikerental.fleet.admin.base import FleetAdmin
from bikerental.fleet.models import Station
from bikerental.http.admin_words import JoinRowsLeftOut


class RegionForm(TextsForm):
    name = TextsField()
    stations = forms.ModelMultipleChoiceField(
        queryset=Station.objects.order_by("name", "pk"),
        required=False,
        widget=AutocompleteSelectMultiple(Region._meta.get_field("stations"), admin.site),
        help_text=_("A station is in one region at most."),
    )

    class Meta:
        model = Region
        fields: ClassVar = ["name", "stations"]

    def clean_stations(self) -> QuerySet[Station]:
        stations: QuerySet[Station] = self.cleaned_data["stations"]
        regions_lock()
        other = region_of_another(stations, region_id=self.instance.pk)
        if other is not None:
            raise ValidationError(
                _("“%(station)s” is in the region “%(region)s”. Take it out there first."),
                params={"station": other.station.name, "region": str(other.region)},
            )
        return stations


@admin.register(Region)
class RegionAdmin(JoinRowsLeftOut, FleetAdmin[Region]):
    form = RegionForm
    search_fields = ("name",)
    ordering = ("pk",)

    def get_fields(self, request: HttpRequest, obj: Region | None = None) -> Any:
        # Not in `fields`, where Django refuses a relation with a table of its own.
        return ["name", "stations"]


class AlertForm(TextsForm):
    summary = TextsField(max_length=200)
    description = TextsField(max_length=TEXT_LENGTH, is_long=True, required=False)
    url = urls_field(required=False)

    class Meta:
        model = Alert
        fields: ClassVar = ["type", "ends_at", "stations", "regions"]
        help_texts: ClassVar = {
            "ends_at": _("From then on the alert is not shown. Without a time it is shown until you end it."),
            "stations": _("Without stations and regions the alert is for the whole system."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needs_place = cleaned.get("type") in {AlertType.STATION_CLOSURE, AlertType.STATION_MOVE}
        if needs_place and "stations" in cleaned and not cleaned["stations"] and not cleaned.get("regions"):
            self.add_error("stations", _("Say which stations or regions this is about."))
        return cleaned


@admin.register(Alert)
class AlertAdmin(JoinRowsLeftOut, FleetAdmin[Alert]):
    form = AlertForm
    fields = ("type", "summary", "description", "url", "starts_at", "ends_at", "stations", "regions", "is_active")
    list_display = ("__str__", "type", "starts_at", "ends_at", "is_active")
    list_filter = ("is_active", "type")
    search_fields = ("summary",)
    ordering = ("-starts_at", "-pk")
    autocomplete_fields = ("stations", "regions")

    def save_model(self, request: HttpRequest, obj: Alert, form: Any, change: bool) -> None:
        obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)
