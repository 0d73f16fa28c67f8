"""Shared by the tests about the ends of rides."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from bikerental.rentals.models import Rental

HOUR = timedelta(hours=1)


def end_path(rental: Rental) -> str:
    return reverse("admin:rentals_rental_end", args=[rental.pk])


def at(moment: datetime) -> dict[str, str]:
    """A time as the form takes it: in the city's time zone."""
    moment = moment.astimezone(ZoneInfo(settings.CITY_TIME_ZONE))
    return {"ended_at_0": f"{moment:%Y-%m-%d}", "ended_at_1": f"{moment:%H:%M:%S}"}


def left_alone(rental: Rental) -> bool:
    rental.refresh_from_db()
    rental.bike.refresh_from_db()
    return (rental.status, rental.ended_at, rental.bike.status) == ("active", None, "rented")
