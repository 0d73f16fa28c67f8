"""The log of what happened to bikes."""

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from bikerental.fleet.models import Bike, BikeEvent


def bikes_off_log() -> QuerySet[Bike]:
    """Bikes whose last row in the log has another state than they, or that have none; with `last_state`.

    One statement, with a probe of the index for each bike.
    """
    last = BikeEvent.objects.filter(bike=OuterRef("pk")).order_by("-pk").values("state")[:1]
    bikes = Bike.objects.annotate(last_state=Subquery(last))
    return bikes.filter(Q(last_state=None) | ~Q(last_state=F("status"))).order_by("pk")
