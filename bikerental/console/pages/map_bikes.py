"""What operators do to a bike on the map."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import ActionKind
from bikerental.console.pages.base import ActionForm
from bikerental.console.pages.map_forms import MapFormPage
from bikerental.console.types import NewAction
from bikerental.core.geometry import Position
from bikerental.fleet.constants import BikeStatus, Transition, Transitions
from bikerental.fleet.exceptions import BikeNotFoundError, PlaceRefusedError
from bikerental.fleet.models import LATITUDE_RANGE, LONGITUDE_RANGE, Bike, Station
from bikerental.fleet.selectors import is_in_service
from bikerental.fleet.services import bike_change_state, bike_relocate
from bikerental.fleet.types import BikePlace


class BikeFormPage(MapFormPage):
    permission = "fleet.view_bike"
    further_permissions = ("fleet.change_bike",)

    @cached_property
    def bike(self) -> Bike:
        bike = Bike.objects.select_related("station").filter(pk=self.kwargs["bike_id"]).first()
        if bike is None:
            raise BikeNotFoundError
        return bike

    def require(self) -> None:
        self.bike  # noqa: B018 - refuses

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"bike_id": self.bike.pk}

    def about(self) -> Mapping[str, Any]:
        return {"bike": self.bike, "card": reverse("console:map_bike", args=[self.bike.pk])}


class StatePage(BikeFormPage):
    """Moves the bike to another state. Its button stands on the bike's card."""

    form_class = ActionForm
    transition: ClassVar[Transition]

    def perform(self, form: Any, action: NewAction) -> None:
        bike_change_state(
            bike_id=self.bike.pk, transition=self.transition, operator_id=action.operator_id, now=action.now
        )


class OutPage(StatePage):
    title = _("Take the bike out of service")
    kind = ActionKind.BIKE_OUT
    done = _("The bike is out of service.")
    transition = Transitions.SEND_TO_MAINTENANCE


class BackPage(StatePage):
    title = _("Put the bike back into service")
    kind = ActionKind.BIKE_BACK
    done = _("Riders can take the bike again.")

    @property
    def transition(self) -> Transition:  # type: ignore[override] # depends on the bike
        is_retired = self.bike.status == BikeStatus.RETIRED
        return Transitions.DROP_OFF if is_retired else Transitions.RETURN_TO_SERVICE


class RetirePage(StatePage):
    title = _("Retire the bike")
    kind = ActionKind.BIKE_RETIRED
    done = _("The bike has left the fleet.")
    transition = Transitions.DECOMMISSION


class MoveForm(ActionForm):
    station = forms.ModelChoiceField(
        label=_("Station"), queryset=Station.objects.order_by("name"), required=False, empty_label=_("in the street")
    )
    latitude = forms.FloatField(label=_("Latitude"), required=False, validators=LATITUDE_RANGE)
    longitude = forms.FloatField(label=_("Longitude"), required=False, validators=LONGITUDE_RANGE)
    # Where the operator saw the bike.
    seen_latitude = forms.FloatField(widget=forms.HiddenInput)
    seen_longitude = forms.FloatField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("station") is None:
            latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
            for name in ("latitude", "longitude"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Give a station or coordinates."))
            if latitude is not None and longitude is not None and not is_in_service(Position(latitude, longitude)):
                self.add_error("latitude", str(PlaceRefusedError.field_detail))
        return cleaned

    @property
    def place(self) -> BikePlace:
        station = self.cleaned_data["station"]
        if station is not None:
            return BikePlace(station.pk)
        return BikePlace(None, self.cleaned_data["latitude"], self.cleaned_data["longitude"])


class MovePage(BikeFormPage):
    title = _("Move the bike")
    form_class = MoveForm
    kind = ActionKind.BIKE_MOVED
    done = _("The bike has its new place.")

    def make_form(self, data: Any = None) -> Any:
        bike = self.bike
        place = {"latitude": bike.latitude, "longitude": bike.longitude}
        seen = {f"seen_{name}": value for name, value in place.items()}
        return MoveForm(data, initial={**place, **seen, "station": bike.station_id})

    def about(self) -> Mapping[str, Any]:
        return {**super().about(), "tool": "bike"}

    def perform(self, form: Any, action: NewAction) -> None:
        seen = Position(form.cleaned_data["seen_latitude"], form.cleaned_data["seen_longitude"])
        bike_relocate(bike_id=self.bike.pk, place=form.place, seen=seen, operator_id=action.operator_id, now=action.now)
