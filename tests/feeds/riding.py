"""A ride that is over as soon as it starts."""

from datetime import datetime

from django.utils import timezone

from bikerental.fleet.models import Bike
from bikerental.rentals.services import rental_return, rental_start
from bikerental.rentals.types import Place
from tests.factories import make_user


def ride(bike: Bike, *, place: Place | None = None, now: datetime | None = None) -> None:
    rider, now = make_user(), now or timezone.now()
    rental = rental_start(rider_id=rider.pk, bike_id=bike.pk, now=now)
    rental_return(rental_id=rental.id, rider_id=rider.pk, place=place, now=now)
