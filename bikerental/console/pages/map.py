"""The map: its page, its data, and the card of a bike beside it."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import MAP_REFRESH_SECONDS, MAP_WHOLE_AFTER_SECONDS
from bikerental.console.pages.base import DataPage, Page
from bikerental.console.pages.map_words import WORDS
from bikerental.console.pages.shown import bike_events_shown
from bikerental.console.selectors.map import Mark, map_data
from bikerental.console.selectors.rides import bike_page, ride_now_of
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.selectors import bikes_by_number

CARD_EVENTS = 6
IDLE_CHOICES = (1, 3, 7, 14, 30)
# What operators can do to a bike in each state: the name of the page, the label of its button, the button's CSS class.
BIKE_ACTIONS: dict[str, list[tuple[str, Any, str]]] = {
    BikeStatus.AVAILABLE: [
        ("bike_out", _("Take out of service"), ""),
        ("bike_move", _("Move"), ""),
        ("bike_retire", _("Retire"), "danger"),
    ],
    BikeStatus.RESERVED: [("bike_out", _("Take out of service"), "")],
    BikeStatus.MAINTENANCE: [
        ("bike_back", _("Put back into service"), "primary"),
        ("bike_move", _("Move"), ""),
        ("bike_retire", _("Retire"), "danger"),
    ],
    BikeStatus.RETIRED: [("bike_back", _("Put back into service"), "")],
    BikeStatus.RENTED: [],
}


class MapPage(Page):
    permission = "fleet.view_bike"
    section = "map"
    template = "console/map/map.html"
    title = _("Map")

    def get(self, request: HttpRequest) -> HttpResponse:
        may = self.operator.has_perm
        return self.show(
            {
                "map": self._settings(),
                "idle_choices": IDLE_CHOICES,
                "words": {name: str(text) for name, text in WORDS.items()},
                "may": {
                    "report": may("maintenance.view_bikereport"),
                    "station": may("fleet.add_station"),
                    "zone": may("zones.add_zone"),
                },
            }
        )

    def _settings(self) -> dict[str, Any]:
        may = self.operator.has_perm
        return {
            "data": reverse("console:map_data"),
            "bike": reverse("console:map_find"),
            "station": reverse("console:station_add"),
            "zone": reverse("console:zone_add"),
            "refresh": MAP_REFRESH_SECONDS,
            "whole": MAP_WHOLE_AFTER_SECONDS,
            "tiles": settings.MAP_TILES_URL,
            "attribution": settings.MAP_TILES_ATTRIBUTION,
            "may": {
                "bike": may("fleet.change_bike"),
                "station": may("fleet.change_station"),
                "zone": may("zones.change_zone"),
            },
        }


class MapDataPage(DataPage):
    """All that the map shows, or with `since` what has changed. A browser asks every few seconds."""

    permission = "fleet.view_bike"

    def get(self, request: HttpRequest) -> HttpResponse:
        data = map_data(
            since=Mark.read(request.GET.get("since", "")),
            with_reports=self.operator.has_perm("maintenance.view_bikereport"),
            with_zones=self.operator.has_perm("zones.view_zone"),
            now=timezone.now(),
        )
        if request.headers.get("If-None-Match") == data.etag:
            return HttpResponse(status=304, headers={"ETag": data.etag})
        return HttpResponse(data.body, headers={"Content-Type": "application/json", "ETag": data.etag})


class CardPage(DataPage):
    """A bike, its last events and the actions on it, as a part of the map's page. Found by its id or its number."""

    permission = "fleet.view_bike"
    template = "console/map/card.html"
    title: ClassVar[Any] = _("Bike")

    def get(self, request: HttpRequest, bike_id: UUID | None = None) -> HttpResponse:
        if bike_id is None:
            found = bikes_by_number(request.GET.get("number", "")).values_list("pk", flat=True)
            bike_id = found.first()
        page = bike_page(bike_id=bike_id) if bike_id else None
        if page is None:
            raise Http404
        may = self.operator.has_perm
        bike_actions = BIKE_ACTIONS[page.bike.status] if may("fleet.change_bike") else []
        ride = ride_now_of(bike_id=page.bike.pk) if page.bike.status == BikeStatus.RENTED else None
        return self.show({
            "bike": page.bike,
            "reports": page.reports if may("maintenance.view_bikereport") else [],
            "events": bike_events_shown(page.events[:CARD_EVENTS], page.stations),
            "bike_actions": [
                (reverse(f"console:{name}", args=[page.bike.pk]), label, css_class)
                for name, label, css_class in bike_actions
            ],
            "ride": ride if may("rentals.change_rental") else None,
        })  # fmt: skip
