"""The fleet: bikes found and chosen, and the files of bikes and stations."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import BIKE_COLUMNS, STATION_COLUMNS
from bikerental.console.pages.base import ConsoleForm, Page
from bikerental.console.selectors.fleet import BikeSearch, bike_lines, bikes_listed, fleet_counts, station_lines
from bikerental.core.db.keyset import Cursor
from bikerental.core.db.keyset import Page as ListPage
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.models import Bike, BikeModel, Station
from bikerental.fleet.numbers import NUMBER_LENGTH, NUMBER_TYPED_LENGTH, number_key_typed


class FleetForm(ConsoleForm):
    q = forms.CharField(
        label=_("Beginning of the number"),
        max_length=NUMBER_TYPED_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(
        label=_("State"), choices=[("", _("all but retired")), *BikeStatus.choices], required=False
    )
    model = forms.ModelChoiceField(
        label=_("Model"), queryset=BikeModel.objects.order_by("name"), required=False, empty_label=_("all")
    )
    station = forms.ModelChoiceField(
        label=_("Station"), queryset=Station.objects.order_by("name"), required=False, empty_label=_("all")
    )
    after = forms.CharField(max_length=NUMBER_LENGTH, required=False, widget=forms.HiddenInput)

    @property
    def search(self) -> BikeSearch:
        cleaned = self.cleaned_data if self.is_valid() else {}
        station, model = cleaned.get("station"), cleaned.get("model")
        return BikeSearch(
            number_key=number_key_typed(cleaned["q"]) if cleaned.get("q") else None,
            status=cleaned.get("status") or None,
            model_id=model and model.pk,
            station_id=station and station.pk,
        )

    @property
    def cursor(self) -> Cursor | None:
        after = self.cleaned_data["after"] if self.is_valid() else ""
        return Cursor((after,)) if after else None

    def further(self, page: ListPage[Bike]) -> str:
        """The place of the next page as a query, or ""."""
        return urlencode({"after": page.next.keys[0]}) if page.next else ""

    @property
    def chosen(self) -> str:
        """The filters as a query, without the place in the list."""
        return urlencode({name: self.data[name] for name in ("q", "status", "model", "station") if self.data.get(name)})


class FleetPage(Page):
    permission = "fleet.view_bike"
    section = "fleet"
    template = "console/fleet/fleet.html"
    title = _("Fleet")

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FleetForm(request.GET)
        page = bikes_listed(form.search, cursor=form.cursor)
        counts = fleet_counts()
        return self.show(
            {
                "form": form,
                "page": page,
                "counts": [(label, counts[status]) for status, label in BikeStatus.choices if status in counts],
                "further": form.further(page),
            }
        )


class BikesFilePage(Page):
    """The bikes that the filters find, as a file that can be loaded again."""

    permission = "fleet.view_bike"
    section = "fleet"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        lines: Any = bike_lines(FleetForm(request.GET).search)
        return self.send_file("bikes", BIKE_COLUMNS, lines)


class StationsFilePage(Page):
    permission = "fleet.view_station"
    section = "fleet"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        return self.send_file("stations", STATION_COLUMNS, station_lines())
