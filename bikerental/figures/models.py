"""Counts of each day of the city. `services/counting.py` says what they count; all of them can be counted again.

Ids are not foreign keys, because a count outlives its station.
"""

from typing import ClassVar

from django.db import models


class FigureRow(models.Model):
    """Only the task writes these rows, and the page has a permission of its own. So the models have none."""

    class Meta:
        abstract = True
        default_permissions: ClassVar = ()


class Day(FigureRow):
    """A day that is counted, or due to be."""

    day = models.DateField(primary_key=True)
    is_due = models.BooleanField(default=True)
    counted_at = models.DateTimeField(null=True)
    # Rides that were going on. When their number has changed, the day is due again.
    open_rides = models.PositiveIntegerField(default=0)
    idle_minutes = models.PositiveIntegerField(null=True)  # the median of the day

    class Meta(FigureRow.Meta):
        indexes: ClassVar = [models.Index(fields=["day"], condition=models.Q(is_due=True), name="figures_day_due")]

    def __str__(self) -> str:
        return str(self.day)


class Keeping(FigureRow):
    """One row: how far the task has come."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seen_until = models.DateTimeField(null=True)  # days that changed before this time are marked as due
    kept_at = models.DateTimeField(null=True)  # the last time when no day was left to count

    class Meta(FigureRow.Meta):
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="figures_keeping_one_row")]

    def __str__(self) -> str:
        return str(self.kept_at)


class RideHour(FigureRow):
    """Rides by the hour in which they began, on the city's clock. A cancelled ride is no ride."""

    pk = models.CompositePrimaryKey("day", "hour", "model_id")
    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    model_id = models.UUIDField()
    rides = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()
    ridden_seconds = models.FloatField()  # of those that have ended


class IdleTime(FigureRow):
    """For how long bikes stood between two rides, by the day on which the second began."""

    pk = models.CompositePrimaryKey("day", "minutes")
    day = models.DateField()
    minutes = models.PositiveIntegerField()
    rides = models.PositiveIntegerField()


class StationUse(FigureRow):
    """Rides from and to a station, by the day on which they began."""

    pk = models.CompositePrimaryKey("day", "station_id")
    day = models.DateField()
    station_id = models.UUIDField()
    departures = models.PositiveIntegerField()
    arrivals = models.PositiveIntegerField()


class StationPair(FigureRow):
    """Rides from one place to another, by the day on which they began."""

    pk = models.CompositePrimaryKey("start_id", "end_id", "day")
    start_id = models.UUIDField()
    end_id = models.UUIDField()
    day = models.DateField()
    rides = models.PositiveIntegerField()

    class Meta(FigureRow.Meta):
        indexes: ClassVar = [models.Index(fields=["day"], name="figures_pair_day")]


class BikeTime(FigureRow):
    """How the number of bikes in a state changed.

    Of the city's day that is going on it also has their number, from which those of earlier days follow.
    """

    pk = models.CompositePrimaryKey("day", "model_id", "state")
    day = models.DateField()
    model_id = models.UUIDField()
    state = models.CharField(max_length=16)
    bikes = models.PositiveIntegerField(null=True)  # when the day was counted
    change = models.IntegerField()  # bikes that came into the state, less those that left it
    change_seconds = models.FloatField()  # the same, each multiplied by the seconds since the day's begin

    class Meta(FigureRow.Meta):
        indexes: ClassVar = [
            models.Index(fields=["day"], condition=models.Q(bikes__isnull=False), name="figures_bike_anchor")
        ]


class MoneyDay(FigureRow):
    """What was posted. What riders were given is positive too."""

    pk = models.CompositePrimaryKey("day", "currency")
    day = models.DateField()
    currency = models.CharField(max_length=3)
    charged = models.DecimalField(max_digits=18, decimal_places=2)
    adjusted = models.DecimalField(max_digits=18, decimal_places=2)
    refunded = models.DecimalField(max_digits=18, decimal_places=2)
