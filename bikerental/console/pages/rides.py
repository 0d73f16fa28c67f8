"""One ride: what happened, what it costs, and the forms that end or correct it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.billing.types import Booking
from bikerental.console.constants import ActionKind
from bikerental.console.pages.base import FormPage, Page, ReasonForm
from bikerental.console.pages.corrections import CorrectionForm, CorrectionFormMixin
from bikerental.console.pages.shown import bike_events_shown, lines_shown
from bikerental.console.selectors.rides import RideHistory, bike_page, ride_history, ride_of
from bikerental.console.types import NewAction
from bikerental.core.db.clock import database_now
from bikerental.fleet.models import LATITUDE_RANGE, LONGITUDE_RANGE, Station
from bikerental.rentals.admin import EndPlaceChoice
from bikerental.rentals.exceptions import RentalNotActiveError, RentalNotSettledError
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import MINUTE, cost_at, time_ridden
from bikerental.rentals.services import rental_correct, rental_end_by_operator
from bikerental.rentals.types import Correction


class RidePageMixin(Page):
    @cached_property
    def ride(self) -> Rental:
        return ride_of(rental_id=self.kwargs["rental_id"])

    def back(self) -> str:
        return reverse("console:ride", args=[self.ride.pk])

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"rental_id": self.ride.pk, "rider_id": self.ride.rider_id, "bike_id": self.ride.bike_id}


def ride_shown(ride: Rental, history: RideHistory, now: datetime) -> dict[str, Any]:
    """What the templates of a ride need."""
    cost = cost_at(ride, now)
    settled = cost.amount if ride.cost_amount is None else ride.cost_amount
    adjusted = sum((entry["postings__amount"] for entry in history.entries if entry["kind"] != "charge"), Decimal(0))
    return {
        "ride": ride,
        "history": history,
        "lines": lines_shown(cost, ride.currency),
        "cost": settled + adjusted,
        "settled": settled,
        "adjusted": adjusted,
        "minutes": time_ridden(ride, now) / MINUTE,
        "before": bike_events_shown(history.before, history.stations, ride),
        "after": bike_events_shown(history.after, history.stations, ride),
    }


class RidePage(RidePageMixin):
    permission = "rentals.view_rental"
    section = "riders"
    template = "console/ride.html"

    def get(self, request: HttpRequest, rental_id: UUID) -> HttpResponse:
        shown = ride_shown(self.ride, ride_history(ride=self.ride), database_now())
        title = _("Ride with %(bike)s") % {"bike": self.ride.bike.number}
        return self.show({"title": title, **shown})


class EndForm(EndPlaceChoice, ReasonForm):
    place = forms.ChoiceField(
        label=_("The bike is"), choices=EndPlaceChoice.PLACES, widget=forms.RadioSelect, initial="taken"
    )
    station = forms.ModelChoiceField(
        label=_("Station"), queryset=Station.objects.order_by("name"), required=False, empty_label="–"
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, validators=LATITUDE_RANGE)
    longitude = forms.FloatField(label=_("Longitude"), required=False, validators=LONGITUDE_RANGE)
    ended_at = forms.DateTimeField(
        label=_("Ended at"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ["place", "station", "latitude", "longitude", "ended_at", "reason"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].help_text = _("The rider reads it.")


class EndPage(RidePageMixin, FormPage):
    permission = "rentals.change_rental"
    section = "riders"
    template = "console/end.html"
    title = _("End this ride")
    form_class = EndForm
    kind = ActionKind.RIDE_ENDED
    done = _("The ride has ended; the rider gets the receipt.")

    def require(self) -> None:
        if not self.ride.is_active:
            raise RentalNotActiveError

    def perform(self, form: Any, action: NewAction) -> None:
        rental_end_by_operator(
            rental_id=self.ride.pk,
            operator=self.operator,
            reason=action.reason,
            place=form.bike_place,
            ended_at=form.cleaned_data["ended_at"],
            now=action.now,
        )

    def details(self, form: Any) -> Mapping[str, Any]:
        ended_at = form.cleaned_data["ended_at"]
        return {"ended_at": ended_at.isoformat()} if ended_at else {}

    def about(self) -> Mapping[str, Any]:
        return {"ride": self.ride, "cost": cost_at(self.ride, database_now()).amount}


class CorrectPage(CorrectionFormMixin, RidePageMixin, FormPage):
    permission = "rentals.change_rental"
    section = "riders"
    template = "console/correct.html"
    title = _("Correct or waive the cost")
    form_class = CorrectionForm
    kind = ActionKind.RIDE_CORRECTED
    done = _("Corrected; the rider is told.")

    def require(self) -> None:
        if self.ride.is_active:
            raise RentalNotSettledError

    def make_form(self, data: Any = None) -> Any:
        return self.form_class(data, initial={"ended_at": self.ride.ended_at})

    def perform(self, form: Any, action: NewAction) -> None:
        booking = Booking(f"form:{action.key}", action.operator_id, action.reason, action.now)
        rental_correct(rental_id=self.ride.pk, correction=form.correction or Correction(), booking=booking)

    def about(self) -> Mapping[str, Any]:
        return ride_shown(self.ride, ride_history(ride=self.ride), database_now())


class BikePage(Page):
    permission = "fleet.view_bike"
    section = "fleet"
    template = "console/bike.html"

    def get(self, request: HttpRequest, bike_id: UUID) -> HttpResponse:
        found = bike_page(bike_id=bike_id)
        if found is None:
            raise Http404
        events = bike_events_shown(found.events, found.stations)
        return self.show({"title": found.bike.number, "found": found, "bike": found.bike, "events": events})
