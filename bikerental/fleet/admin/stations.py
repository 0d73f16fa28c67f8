"""Stations, and the bikes at them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bikerental.fleet.admin.base import FleetAdmin
from bikerental.fleet.models import Station
from bikerental.fleet.selectors import stations_with_bikes
from bikerental.fleet.services import station_edit


class EmptyStationFilter(admin.SimpleListFilter):
    title = _("bikes there")
    parameter_name = "bikes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("some", _("some")), ("none", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "some":
            return queryset.filter(bikes_here__gt=0)
        return queryset.filter(bikes_here=0) if self.value() == "none" else queryset


class StationForm(forms.ModelForm[Station]):
    class Meta:
        model = Station
        fields: ClassVar = ["latitude", "is_renting", "is_returning"]
        help_texts: ClassVar = {
            "latitude": _("The bikes that stand here move along."),
            "is_renting": _("Otherwise no rider can take a bike here, and the lists of free bikes leave them out."),
            "is_returning": _("Otherwise no rider can return a bike here; operators can end rides here all the same."),
        }


@admin.register(Station)
class StationAdmin(FleetAdmin[Station]):
    form = StationForm
    fields = ("name", "latitude", "longitude", "capacity", "is_renting", "is_returning")
    list_display = ("name", "latitude", "longitude", "capacity", "bikes_here", "is_renting", "is_returning")
    list_filter = (EmptyStationFilter, "is_renting", "is_returning")
    search_fields = ("name",)
    ordering = ("name", "pk")

    @admin.display(description=_("bikes"))
    def bikes_here(self, station: Any) -> str:
        bikes = reverse("admin:fleet_bike_changelist", query={"station__id__exact": str(station.pk)})
        return format_html('<a href="{}">{}</a>', bikes, station.bikes_here)

    def save_model(self, request: HttpRequest, obj: Station, form: Any, change: bool) -> None:
        if change:
            operator_id: Any = request.user.pk  # the admin admits only users
            station_edit(station=obj, fields=form.changed_data, operator_id=operator_id, now=timezone.now())
        else:
            super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Station]:
        return stations_with_bikes().order_by(*self.ordering)
