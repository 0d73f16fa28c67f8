"""Stations and zones, added and changed on the map."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django import forms
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import ActionKind
from bikerental.console.pages.base import FormRenderer
from bikerental.console.pages.map_forms import MapFormPage
from bikerental.console.types import NewAction
from bikerental.fleet.admin.stations import StationForm
from bikerental.fleet.models import Station
from bikerental.fleet.services import station_add, station_edit
from bikerental.zones.admin import ZoneForm
from bikerental.zones.models import Zone
from bikerental.zones.services import zone_add, zone_redraw


class MapStationForm(StationForm):
    """Writes only what the operator changed: each field carries the value that it showed. `seen` has those values of
    the changed ones."""

    default_renderer = FormRenderer
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    class Meta(StationForm.Meta):
        fields: ClassVar = ["name", "capacity", "latitude", "longitude", "is_renting", "is_returning"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.Meta.fields:
            self.fields[name].show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.seen = {name: self._seen(name) for name in self.changed_data if name != "key"}
        return cleaned

    def _seen(self, name: str) -> Any:
        """:raises ValidationError: if the page cannot have shown it"""
        field = self.fields[name]
        sent = field.hidden_widget().value_from_datadict(self.data, self.files, self[name].html_initial_name)
        return field.to_python(sent)


class StationFormPage(MapFormPage):
    permission = "fleet.view_station"
    form_class: ClassVar[Any] = MapStationForm

    def about(self) -> Mapping[str, Any]:
        return {"tool": "station"}

    def details(self, form: Any) -> Mapping[str, Any]:
        return {"name": form.cleaned_data["name"]}


class AddStationPage(StationFormPage):
    further_permissions = ("fleet.add_station",)
    title = _("Add a station")
    kind = ActionKind.STATION_ADDED
    done = _("The station is there.")

    def perform(self, form: Any, action: NewAction) -> Mapping[str, Any]:
        station_add(station=form.instance)
        return {"station_id": form.instance.pk}


class ChangeStationPage(StationFormPage):
    further_permissions = ("fleet.change_station",)
    title = _("Change the station")
    kind = ActionKind.STATION_CHANGED
    done = _("The station is changed. The bikes that stand there moved along.")

    @cached_property
    def station(self) -> Station:
        station = Station.objects.filter(pk=self.kwargs["station_id"]).first()
        if station is None:
            raise Http404
        return station

    def make_form(self, data: Any = None) -> Any:
        return MapStationForm(data, instance=self.station)

    def perform(self, form: Any, action: NewAction) -> None:
        by: Any = {"operator_id": action.operator_id, "now": action.now}
        station_edit(station=form.instance, fields=list(form.seen), seen=form.seen, **by)

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"station_id": self.station.pk}


class MapZoneForm(ZoneForm):
    """The form of the admin, which checks the shape."""

    default_renderer = FormRenderer
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    revision = forms.IntegerField(widget=forms.HiddenInput, initial=0)  # that the operator saw

    class Meta(ZoneForm.Meta):
        fields: ClassVar = ["name", "kind", "is_active", "shape"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["revision"] = self.instance.revision
        self.fields["shape"].help_text = _("GeoJSON. The map writes it while you draw; you may also paste it.")
        self.fields["shape"].widget.attrs = {"rows": 4, "spellcheck": "false"}

    @property
    def changed(self) -> list[str]:
        names = [name for name in self.changed_data if name in self.Meta.fields]
        return [*names, *(["points"] if "shape" in names else [])]


class ZoneFormPage(MapFormPage):
    permission = "zones.view_zone"
    form_class: ClassVar[Any] = MapZoneForm

    def about(self) -> Mapping[str, Any]:
        return {"tool": "zone"}

    def details(self, form: Any) -> Mapping[str, Any]:
        return {"name": form.cleaned_data["name"]}


class AddZonePage(ZoneFormPage):
    further_permissions = ("zones.add_zone",)
    title = _("Draw a zone")
    kind = ActionKind.ZONE_ADDED
    done = _("The zone is drawn.")

    def perform(self, form: Any, action: NewAction) -> Mapping[str, Any]:
        form.instance.points = form.points
        zone_add(zone=form.instance)
        return {"zone_id": form.instance.pk}


class ChangeZonePage(ZoneFormPage):
    further_permissions = ("zones.change_zone",)
    title = _("Change the zone")
    kind = ActionKind.ZONE_CHANGED
    done = _("The zone is changed.")

    @cached_property
    def zone(self) -> Zone:
        zone = Zone.objects.filter(pk=self.kwargs["zone_id"]).first()
        if zone is None:
            raise Http404
        return zone

    def make_form(self, data: Any = None) -> Any:
        return MapZoneForm(data, instance=self.zone)

    def perform(self, form: Any, action: NewAction) -> None:
        form.instance.points = form.points
        zone_redraw(zone=form.instance, fields=form.changed, revision=form.cleaned_data["revision"])

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"zone_id": self.zone.pk}
