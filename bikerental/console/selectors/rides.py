"""One ride, and what happened to its bike before, during and after it."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.billing.constants import AccountKind
from bikerental.billing.models import Entry
from bikerental.claims.models import Claim
from bikerental.console.constants import EVENTS_AFTER, EVENTS_BEFORE, FOUND_LENGTH
from bikerental.fleet.models import Bike, BikeEvent, Station
from bikerental.maintenance.constants import ReportState
from bikerental.maintenance.models import BikeReport
from bikerental.rentals.exceptions import RentalNotFoundError
from bikerental.rentals.models import Rental, RentalEvent


def ride_of(*, rental_id: UUID) -> Rental:
    """One statement.

    :raises RentalNotFoundError: if there is none
    """
    relations = ("bike__model", "rider", "start_station", "end_station")
    ride = Rental.objects.select_related(*relations).filter(pk=rental_id).first()
    if ride is None:
        raise RentalNotFoundError
    return ride


class RideHistory(NamedTuple):
    events: Sequence[RentalEvent]
    entries: Sequence[Any]
    claims: Sequence[Claim]
    before: Sequence[BikeEvent]
    after: Sequence[BikeEvent]  # from the start of the ride on
    next_ride: Rental | None
    stations: dict[UUID, str]


def ride_history(*, ride: Rental) -> RideHistory:
    """Seven statements."""
    of_bike = BikeEvent.objects.filter(bike=ride.bike_id)
    before = list(of_bike.filter(happened_at__lt=ride.started_at).order_by("-id")[:EVENTS_BEFORE])[::-1]
    after = list(of_bike.filter(happened_at__gte=ride.started_at).order_by("id")[:EVENTS_AFTER])
    later = Rental.objects.filter(bike=ride.bike_id, started_at__gt=ride.started_at)
    return RideHistory(
        events=list(ride.events.select_related("actor").order_by("happened_at", "pk")),
        entries=list(_entries(ride.pk)),
        claims=list(Claim.objects.filter(rental=ride).select_related("decided_by").order_by("created_at")),
        before=before,
        after=after,
        next_ride=later.order_by("started_at").first(),
        stations=station_names([*before, *after]),
    )


def _entries(rental_id: UUID) -> Any:
    columns = ("id", "kind", "created_at", "reason", "postings__amount", "postings__account__currency", "actor__name")
    of_ride = Entry.objects.filter(rental_id=rental_id, postings__account__kind=AccountKind.RIDER)
    return of_ride.order_by("id").values(*columns)


def station_names(events: Sequence[BikeEvent]) -> dict[UUID, str]:
    """One statement, none without a station."""
    ids = {event.station_id for event in events if event.station_id}
    return dict(Station.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


class BikePage(NamedTuple):
    bike: Bike
    events: Sequence[BikeEvent]
    stations: dict[UUID, str]
    rides: Sequence[Rental]
    reports: Sequence[BikeReport]


def bike_page(*, bike_id: UUID) -> BikePage | None:
    """Five statements; None if there is no such bike."""
    bike = Bike.objects.select_related("model", "station", "tariff").filter(pk=bike_id).first()
    if bike is None:
        return None
    events = list(BikeEvent.objects.filter(bike=bike).order_by("-id")[:FOUND_LENGTH])
    rides = Rental.objects.filter(bike=bike).select_related("rider").order_by("-started_at")
    reports = BikeReport.objects.filter(bike=bike, state=ReportState.OPEN).order_by("created_at")
    return BikePage(bike, events, station_names(events), list(rides[:FOUND_LENGTH]), list(reports[:FOUND_LENGTH]))


def ride_now_of(*, bike_id: UUID) -> Rental | None:
    """The ride that is going on with the bike. One statement."""
    return Rental.objects.filter(bike=bike_id, status=Rental.Status.ACTIVE).first()
