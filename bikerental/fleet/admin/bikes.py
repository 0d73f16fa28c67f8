"""Bikes: the form of one, and the actions on many."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.geometry import Position
from bikerental.fleet.admin.base import FleetAdmin
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import PlaceRefusedError
from bikerental.fleet.models import NUMBER_KEY, Bike, Tariff
from bikerental.fleet.numbers import is_number_key, number_key_typed
from bikerental.fleet.selectors import bikes_moved_at, is_in_service
from bikerental.fleet.services import (
    bike_add,
    bike_edit,
    bikes_decommission,
    bikes_drop_off,
    bikes_pick_up,
    bikes_send_to_maintenance,
    bikes_set_tariff,
)
from bikerental.users.admin_site import log_action

MOVES = ("pick_up", "drop_off", "decommission")


class Done(NamedTuple):
    """What was done, for the history and for the operators' log."""

    text: str
    kind: str


SENT = Done(gettext_noop("Sent to maintenance."), "bike_out")
RETURNED = Done(gettext_noop("Returned to service."), "bike_back")
PICKED_UP = Done(gettext_noop("Picked up."), "bike_picked_up")
DROPPED_OFF = Done(gettext_noop("Dropped off."), "bike_dropped_off")
DECOMMISSIONED = Done(gettext_noop("Decommissioned."), "bike_retired")
TARIFF_SET = Done(gettext_noop("Set the tariff."), "tariff_set")


class BikeForm(forms.ModelForm[Bike]):
    class Meta:
        model = Bike
        fields: ClassVar = ["station", "latitude", "longitude"]
        help_texts: ClassVar = {
            "station": _("A bike at a station stands where the station is: it needs no coordinates."),
            "latitude": _("Other coordinates take the bike off its station."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in {"latitude", "longitude"} & self.fields.keys():
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("station") is None:
            for name in ("latitude", "longitude"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Give a station or coordinates."))
            self._refuse_elsewhere(cleaned.get("latitude"), cleaned.get("longitude"))
        elif "station" in self.changed_data and self.instance.status == BikeStatus.RENTED:
            self.add_error("station", _("This bike is being ridden: it comes to a station when it is returned."))
        return cleaned

    def _refuse_elsewhere(self, latitude: float | None, longitude: float | None) -> None:
        """Refuse a position out of bounds. An unchanged one may stay, because the bounds may be newer."""
        if latitude is None or longitude is None or not {"latitude", "longitude"} & set(self.changed_data):
            return
        if not is_in_service(Position(latitude, longitude)):
            self.add_error("latitude", str(PlaceRefusedError.field_detail))


class BikeActionForm(ActionForm):
    tariff = forms.ModelChoiceField(queryset=Tariff.objects.order_by("name", "pk"), required=False, label=_("Tariff"))


class BikeAdmin(FleetAdmin[Bike]):
    """The maintenance app registers it, with reports, repairs and photos added."""

    form = BikeForm
    action_form = BikeActionForm
    actions: tuple[str, ...] = ("send_to_maintenance", *MOVES, "set_tariff")
    list_display: tuple[str, ...] = ("number", "model", "status", "station", "tariff")
    list_filter = ("status", "model", "tariff", ("station", admin.EmptyFieldListFilter))
    list_select_related = ("model", "station", "tariff")
    search_fields = ("number",)
    search_help_text = _("Beginning of the number.")
    ordering = ("number",)
    fields: ClassVar[tuple[str, ...]] = ("number", "model", "tariff", "status", "station", "latitude", "longitude")
    # Only rides and the actions change it. A form would write back the value that it showed.
    readonly_fields: ClassVar[tuple[str, ...]] = ("status",)
    autocomplete_fields = ("model", "tariff", "station")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Bike], term: str
    ) -> tuple[QuerySet[Bike], bool]:
        key = number_key_typed(term)
        if not term or not is_number_key(key):
            return (queryset.none() if term else queryset), False
        return queryset.alias(number_key=NUMBER_KEY).filter(number_key__startswith=key), False

    def save_model(self, request: HttpRequest, obj: Bike, form: Any, change: bool) -> None:
        operator_id: Any = request.user.pk  # the admin admits only users
        if change:
            bike_edit(bike=obj, fields=form.changed_data, operator_id=operator_id, now=timezone.now())
        else:
            bike_add(bike=obj, operator_id=operator_id, now=timezone.now())

    @admin.action(description=_("Send to maintenance"), permissions=["change"])
    def send_to_maintenance(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        self._move(request, bikes, bikes_send_to_maintenance, SENT)

    @admin.action(description=_("Pick up, to put it elsewhere"), permissions=["change"])
    def pick_up(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        self._move(request, bikes, bikes_pick_up, PICKED_UP)

    @admin.action(description=_("Drop off at its place, to be ridden"), permissions=["change"])
    def drop_off(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        self._move(request, bikes, bikes_drop_off, DROPPED_OFF)

    @admin.action(description=_("Decommission"), permissions=["change"])
    def decommission(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        self._move(request, bikes, bikes_decommission, DECOMMISSIONED)

    def _move(self, request: HttpRequest, bikes: QuerySet[Bike], move: Callable[..., int], done: Done) -> None:
        ids = list(bikes.values_list("pk", flat=True))
        self._show_result(request, done=self._move_and_log(request, ids, move, done), of=len(ids))

    @unit_of_work
    def _move_and_log(self, request: HttpRequest, ids: list[UUID], move: Callable[..., int], done: Done) -> int:
        now = timezone.now()
        count = move(bike_ids=ids, operator_id=request.user.pk, now=now)
        log_action(request, bikes_moved_at(bike_ids=ids, now=now), done.text, kind=done.kind)
        return count

    @admin.action(description=_("Set the tariff"), permissions=["change"])
    def set_tariff(self, request: HttpRequest, bikes: QuerySet[Bike]) -> None:
        form = self.action_form(request.POST)
        form.fields["action"].choices = self.get_action_choices(request)  # type: ignore[attr-defined] # a ChoiceField
        tariff = form.cleaned_data.get("tariff") if form.is_valid() else None
        if tariff is None:
            self.message_user(request, _("Choose the tariff beside the action."), messages.WARNING)
            return
        chosen = list(bikes)
        self._show_result(request, done=self._set_tariff_and_log(request, chosen, tariff), of=len(chosen))

    @unit_of_work
    def _set_tariff_and_log(self, request: HttpRequest, bikes: list[Bike], tariff: Tariff) -> int:
        count = bikes_set_tariff(bike_ids=[bike.pk for bike in bikes], tariff_id=tariff.pk)
        log_action(request, bikes, TARIFF_SET.text, kind=TARIFF_SET.kind, details={"tariff": tariff.name})
        return count

    def _show_result(self, request: HttpRequest, *, done: int, of: int) -> None:
        if done:
            text = ngettext("%(count)d bike changed.", "%(count)d bikes changed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        if of > done:
            text = ngettext(
                "%(count)d bike left alone: its state does not allow it.",
                "%(count)d bikes left alone: their states do not allow it.",
                of - done,
            )
            self.message_user(request, text % {"count": of - done}, messages.WARNING)
