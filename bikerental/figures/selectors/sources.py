"""Which days have changed, and which was the first: read from the tables that the counts come from."""

from datetime import date, datetime

from django.conf import settings
from django.db import connection
from django.db.models import Min

from bikerental.billing.models import Entry
from bikerental.fleet.models import BikeEvent
from bikerental.rentals.models import Rental

# Days whose number of open rides has changed since the day was counted. New rides begin only today, and today is
# always counted.
_CHANGED = """
    SELECT day.day FROM figures_day AS day
      LEFT JOIN (
          SELECT (started_at AT TIME ZONE %s)::date AS day, count(*) AS rides
            FROM rentals_rental WHERE status = 'active' GROUP BY 1
      ) AS going_on ON going_on.day = day.day
     WHERE day.open_rides <> coalesce(going_on.rides, 0)
"""


def days_of_changed_rides() -> set[date]:
    """The counted days on which rides began that have ended since. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [settings.CITY_TIME_ZONE])
        return {day for (day,) in cursor.fetchall()}


def first_moment() -> datetime | None:
    """When the city's first ride, entry of the ledger or event of a bike was. Three statements."""
    moments = (
        Rental.objects.aggregate(first=Min("started_at"))["first"],
        Entry.objects.order_by("pk").values_list("created_at", flat=True).first(),
        BikeEvent.objects.aggregate(first=Min("happened_at"))["first"],
    )
    return min((moment for moment in moments if moment is not None), default=None)
