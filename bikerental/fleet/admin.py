"""An operator's hands on the fleet."""

from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.core.errors import FieldRefusal
from bikerental.fleet.models import Bike, BikeModel, Station, Tariff
from bikerental.fleet.selectors import is_referenced, stations_with_bikes
from bikerental.fleet.services import (
    bike_edit,
    bikes_return_to_service,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.fleet.validators import photo_clean

M = TypeVar("M", bound=Model)
TERMS = ("currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap", "overdue_after_minutes")


class FleetAdmin(admin.ModelAdmin[M]):
    """Only what nothing refers to can be deleted, one by one: the confirmation of anything else
    would list every ride."""

    list_per_page = 50
    show_full_result_count = False  # a count of all rows costs more than the page

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        if obj is None or not super().has_delete_permission(request, obj):
            return False
        if not hasattr(obj, "_is_referenced"):  # the admin asks several times a page
            obj._is_referenced = is_referenced(obj)  # type: ignore[attr-defined] # remembered where it was asked of
        return not obj._is_referenced  # type: ignore[attr-defined]


class TariffForm(forms.ModelForm[Tariff]):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance._state.adding:
            for name in set(self.changed_data) & set(TERMS):
                self.add_error(name, _("The terms of a tariff do not change: save it as a new one."))
        return cleaned


@admin.register(Tariff)
class TariffAdmin(FleetAdmin[Tariff]):
    form = TariffForm
    list_display = ("name", "currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap")
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", *TERMS)
    save_as = True


@admin.register(BikeModel)
class BikeModelAdmin(FleetAdmin[BikeModel]):
    list_display = ("name", "propulsion")
    list_filter = ("propulsion",)
    search_fields = ("name",)
    ordering = ("name", "pk")


class EmptyStationFilter(admin.SimpleListFilter):
    title = _("bikes there")
    parameter_name = "bikes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("some", _("some")), ("none", _("none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "some":
            return queryset.filter(bikes_here__gt=0)
        return queryset.filter(bikes_here=0) if self.value() == "none" else queryset


@admin.register(Station)
class StationAdmin(FleetAdmin[Station]):
    list_display = ("name", "latitude", "longitude", "capacity", "bikes_here")
    list_filter = (EmptyStationFilter,)
    search_fields = ("name",)
    ordering = ("name", "pk")

    @admin.display(description=_("bikes"))
    def bikes_here(self, station: Any) -> str:
        bikes = reverse("admin:fleet_bike_changelist", query={"station__id__exact": str(station.pk)})
        return format_html('<a href="{}">{}</a>', bikes, station.bikes_here)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Station]:
        return stations_with_bikes()


class BikeForm(forms.ModelForm[Bike]):
    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if not isinstance(photo, UploadedFile):  # unchanged, or cleared
            return photo
        try:
            return ContentFile(photo_clean(photo), name="photo.jpg")
        except FieldRefusal as refusal:
            raise ValidationError(str(refusal.field_detail), code=refusal.field_code) from refusal


class BikeActionForm(ActionForm):
    tariff = forms.ModelChoiceField(queryset=Tariff.objects.order_by("name", "pk"), required=False, label=_("Tariff"))


@admin.register(Bike)
class BikeAdmin(FleetAdmin[Bike]):
    form = BikeForm
    action_form = BikeActionForm
    actions = ("send_to_maintenance", "return_to_service", "set_tariff")
    list_display = ("number", "model", "status", "station", "tariff")
    list_filter = ("status", "model", "tariff", ("station", admin.EmptyFieldListFilter))
    list_select_related = ("model", "station", "tariff")
    search_fields = ("number__startswith",)
    search_help_text = _("Beginning of the number.")
    ordering = ("number",)
    fields = ("number", "model", "tariff", "status", "station", "latitude", "longitude", "photo")
    # Rides change it, and the actions do; a form would write what it was when the form was shown.
    readonly_fields = ("status",)
    autocomplete_fields = ("model", "tariff", "station")

    def save_model(self, request: HttpRequest, obj: Bike, form: Any, change: bool) -> None:
        if change:
            bike_edit(bike=obj, fields=form.changed_data)
        else:
            super().save_model(request, obj, form, change)

    @admin.action(description=_("Send to maintenance"), permissions=["change"])
    def send_to_maintenance(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_send_to_maintenance(bike_ids=ids), of=len(ids))

    @admin.action(description=_("Return to service"), permissions=["change"])
    def return_to_service(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_return_to_service(bike_ids=ids), of=len(ids))

    @admin.action(description=_("Set the tariff"), permissions=["change"])
    def set_tariff(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        form = self.action_form(request.POST)
        form.fields["action"].choices = self.get_action_choices(request)  # type: ignore[attr-defined] # a ChoiceField
        tariff = form.cleaned_data.get("tariff") if form.is_valid() else None
        if tariff is None:
            self.message_user(request, _("Choose the tariff beside the action."), messages.WARNING)
            return
        ids = list(bikes.values_list("pk", flat=True))
        self._tell(request, done=bikes_set_tariff(bike_ids=ids, tariff_id=tariff.pk), of=len(ids))

    def _tell(self, request: HttpRequest, *, done: int, of: int) -> None:
        if done:
            text = ngettext("%(count)d bike changed.", "%(count)d bikes changed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        if of > done:
            text = ngettext(
                "%(count)d bike left alone: it is rented.", "%(count)d bikes left alone: they are rented.", of - done
            )
            self.message_user(request, text % {"count": of - done}, messages.WARNING)
