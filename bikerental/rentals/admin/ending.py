"""The page that ends a ride."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminRadioSelect, AdminSplitDateTime, AdminTextareaWidget, AutocompleteSelect
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from bikerental.core.db.clock import database_now
from bikerental.fleet.models import LATITUDE_RANGE, LONGITUDE_RANGE, Station
from bikerental.http.admin_forms import CITY_TIME_STYLE, form_done
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import cost_at
from bikerental.rentals.types import Place, RideEnd


class EndPlaceChoice(forms.Form):
    """Where the bike is, for forms with the fields `place`, `station`, `latitude` and `longitude`."""

    PLACES: ClassVar = [
        ("taken", _("where it was taken")),
        ("station", _("at a station")),
        ("point", _("at coordinates")),
    ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = {"station": ["station"], "point": ["latitude", "longitude"]}.get(cleaned.get("place", ""), [])
        for name in needed:
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("Say where the bike is."))
        return cleaned

    @property
    def bike_place(self) -> Place | None:
        """None: where the bike was taken."""
        cleaned = self.cleaned_data
        if cleaned["place"] == "station":
            return Place(station_id=cleaned["station"].pk)
        if cleaned["place"] == "point":
            return Place(latitude=cleaned["latitude"], longitude=cleaned["longitude"])
        return None


class EndRideForm(EndPlaceChoice):
    """Where the bike is, when it was left there, and the operator's reason."""

    place = forms.ChoiceField(
        label=_("The bike is"),
        choices=EndPlaceChoice.PLACES,
        widget=AdminRadioSelect(attrs={"class": "radiolist"}),
        initial="taken",
    )
    station = forms.ModelChoiceField(
        label=_("Station"),
        queryset=Station.objects.all(),
        required=False,
        widget=AutocompleteSelect(Rental._meta.get_field("end_station"), admin.site),
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, validators=LATITUDE_RANGE)
    longitude = forms.FloatField(label=_("Longitude"), required=False, validators=LONGITUDE_RANGE)
    ended_at = forms.SplitDateTimeField(label=_("Ended at"), required=False, widget=AdminSplitDateTime)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=AdminTextareaWidget(attrs={"rows": 3}))

    class Media:
        css: ClassVar = CITY_TIME_STYLE

    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["place", "station", ("latitude", "longitude"), "ended_at", "reason"]}),
    ]

    def __init__(self, *args: Any, rental: Rental, **options: Any) -> None:
        super().__init__(*args, **options)
        start = localize(localtime(rental.started_at))
        self.fields["ended_at"].help_text = _("Empty: now. The ride began %(start)s") % {"start": start}
        self.fields["reason"].help_text = _("The rider reads it.")

    @property
    def ride_end(self) -> RideEnd:
        return RideEnd(self.cleaned_data["reason"], self.bike_place, self.cleaned_data["ended_at"])


class EndPageMixin:
    """A page that ends a ride, alone or with the rider's account."""

    admin_site: admin.AdminSite
    opts: Any

    def end_page(
        self, request: HttpRequest, rental: Rental, *, title: Any, back: str, end: Callable[[RideEnd], None]
    ) -> HttpResponse:
        """Show the form, and end the ride with its data.

        :param end: ends the ride, or refuses
        """
        # Any: it is not a model's form, which the stubs of AdminForm require.
        form: Any = EndRideForm(request.POST or None, rental=rental)
        if form_done(request, form, run=lambda: end(form.ride_end)):
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "adminform": AdminForm(form, form.fieldsets, {}),
            "form": form,
            "rental": rental,
            "cost": cost_at(rental, database_now()),
            "opts": self.opts,
            "title": title,
            "back": back,
        }
        return TemplateResponse(request, "rentals/admin/end_ride.html", context)
