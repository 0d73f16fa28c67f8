"""Rows as the templates show them, in words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bikerental.console.templatetags.console import money
from bikerental.fleet.constants import EventType
from bikerental.fleet.models import BikeEvent
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import Cost, Line


class LineShown(NamedTuple):
    label: str
    amount: Decimal


LABELS: dict[str, Promise] = {
    "unlock": _("Unlocking"),
    "daily_cap": _("Saved by the daily cap"),
    "out_of_area": _("Ended out of the area"),
}


def lines_shown(cost: Cost, currency: str) -> list[LineShown]:
    """The lines of the receipt."""
    return [LineShown(_label(line, currency), line.amount) for line in cost.lines]


def _label(line: Line, currency: str) -> str:
    if line.code == "minutes":
        text = ngettext("%(count)d minute at %(price)s", "%(count)d minutes at %(price)s", line.quantity or 0)
        return text % {"count": line.quantity, "price": money(line.unit_price, currency)}
    if line.code == "free_minutes":
        text = ngettext("%(count)d free minute", "%(count)d free minutes", line.quantity or 0)
        return text % {"count": line.quantity}
    return str(LABELS.get(line.code, line.code))


class EventShown(NamedTuple):
    event: BikeEvent
    what: str
    where: str
    is_of_ride: bool


def bike_events_shown(
    events: Sequence[BikeEvent], stations: Mapping[UUID, str], ride: Rental | None = None
) -> list[EventShown]:
    return [_event_shown(event, stations, ride) for event in events]


def _event_shown(event: Any, stations: Mapping[UUID, str], ride: Rental | None) -> EventShown:
    what = ", ".join(str(EventType(each).label) for each in event.event_types)
    where = stations.get(event.station_id, "") or gettext("in the street")
    return EventShown(event, what, where, ride is not None and event.rental_id == ride.pk)
