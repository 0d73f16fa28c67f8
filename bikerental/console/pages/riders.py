"""Riders: the search, and the page with all about one rider."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bikerental.console.pages.base import ConsoleForm, Page
from bikerental.console.selectors.riders import rider_page, riders_search
from bikerental.core.db.clock import database_now
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import cost_at
from bikerental.users.models import User
from bikerental.users.selectors import open_sessions_count


class SearchForm(ConsoleForm):
    q = forms.CharField(
        label=_("E-mail, name, number of a bike, or id of a ride"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


RIDER_COLUMNS = ("id", "name", "email", "since", "blocked")


def _rider_line(rider: User) -> Sequence[Any]:
    return rider.pk, rider.name, rider.email, rider.created_at, not rider.is_active


class RidersPage(Page):
    permission = "users.view_user"
    further_permissions = ("rentals.view_rental",)
    section = "riders"
    template = "console/riders.html"
    title = _("Riders")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = SearchForm(request.GET or None)
        words = form.cleaned_data["q"].strip() if form.is_valid() else ""
        if not words:
            return self.show({"form": form})
        found = riders_search(words=words)
        riders, rides = list(found.riders), list(found.rides)
        if self.is_file_wanted:
            return self.send_file("riders", RIDER_COLUMNS, map(_rider_line, riders))
        if len(riders) == 1 and not rides:
            return HttpResponseRedirect(reverse("console:rider", args=[riders[0].pk]))
        return self.show(
            {
                "form": form,
                "words": words,
                "riders": riders,
                "rides": [with_cost(ride) for ride in rides],
                "bike": found.bike,
            }
        )


class RiderPage(Page):
    permission = "users.view_user"
    further_permissions = (
        "rentals.view_rental", "claims.view_claim", "billing.view_entry", "notifications.view_notification",
    )  # fmt: skip
    section = "riders"
    template = "console/rider.html"

    def get(self, request: HttpRequest, rider_id: UUID) -> HttpResponse:
        rider = rider_of(rider_id)
        found = rider_page(rider_id=rider_id)
        return self.show(
            {
                "title": rider.name or rider.email,
                "rider": rider,
                "found": found,
                "rides": [with_cost(ride) for ride in found.rides],
                "sessions": open_sessions_count(user_id=rider_id, now=database_now()),
            }
        )


def rider_of(rider_id: UUID) -> User:
    rider = User.objects.filter(pk=rider_id).first()
    if rider is None:
        raise Http404
    return rider


def with_cost(ride: Any) -> Rental:
    """The ride with `cost`: what it costs by now, after adjustments."""
    cost = cost_at(ride, database_now()).amount if ride.cost_amount is None else ride.cost_amount
    ride.cost = cost + (ride.adjustment or 0)
    shown: Rental = ride
    return shown
