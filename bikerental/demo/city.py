"""The city's rows, computed from their numbers, so that none has to be kept in memory.

A row is text in PostgreSQL's COPY format. A million rides make four million rows, so repeated text (times of day,
receipts, tariffs) is made once and looked up.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from json import dumps
from math import cos, pi, sin, sqrt
from typing import NamedTuple
from uuid import UUID, uuid5

from bikerental.core.money import money_text
from bikerental.demo.constants import DEMO_ADMIN_EMAIL, DEMO_EMAIL_DOMAIN
from bikerental.fleet.types import TariffTerms
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import price

NAMESPACE = UUID("6f1c1f0e-8d4b-5c53-9a53-0d1f2f3c7a10")
LATITUDE, LONGITUDE = 59.93, 30.31
RADIUS = 0.05  # degrees of latitude: 5.5 km
GOLDEN_ANGLE = pi * (3 - sqrt(5))  # points of this spiral cover a disc evenly

YEARS_MAX = 20
# Rides come in rounds of two hours. In one round each rider and each bike has at most one ride, and every ride ends
# within its round. So no two rides of a rider or of a bike overlap.
ROUND_SECONDS, DAY_SECONDS = 7200, 86_400
ROUNDS_MAX = YEARS_MAX * 365 * 12
# The share of the riders who ride in a round, by the hour of UTC at which it begins. The city's zone is ahead of UTC.
SHARES = (0.03, 0.08, 0.35, 0.45, 0.3, 0.35, 0.4, 0.6, 0.5, 0.3, 0.12, 0.05)
START_SPREAD = 1200
SHORTEST, LENGTH_SPREAD = 60, 5100
# The end of a round in which nobody rides any more.
QUIET = timedelta(seconds=ROUND_SECONDS - START_SPREAD - SHORTEST - LENGTH_SPREAD)
# With this many rides or more, the first rider gets a long history of a known length.
LONG_HISTORY_FROM, LONG_HISTORY = 10_000, 1000
# Each such ride was cancelled within two minutes, and cost nothing.
CANCELLED_EVERY, FIRST_CANCELLED = 97, 62

# Nobody has ridden this bike, and none is nearer to the city's middle: the examples rent it. The place is in degrees.
EXAMPLE, EXAMPLE_PLACE = 2, ("59.930500", "30.310000")

MODELS = (("City", "human", 50_000), ("Cargo", "electric_assist", 80_000), ("Sprint", "electric", 45_000))
TARIFFS = (
    TariffTerms("Basic", "RUB", "50.00", "5.00", 0, None, 1440),
    TariffTerms("Commuter", "RUB", "0.00", "4.50", 30, "450.00", 720, "300.00"),
    TariffTerms("Day out", "RUB", "30.00", "6.99", 10, "600.00", 2880, "150.00"),
)
NULL = "\\N"


class Size(NamedTuple):
    bikes: int
    stations: int
    users: int
    rentals: int


USERS = "id created_at password email email_confirmed_at name language is_active is_staff is_superuser"
MODEL_COLUMNS = "id created_at name propulsion max_range_m"
TARIFF_COLUMNS = f"id created_at {' '.join(TariffTerms._fields)}"
STATIONS = "id created_at name latitude longitude capacity"
BIKES = "id created_at number model_id tariff_id status station_id latitude longitude"
RENTALS = (
    "id created_at rider_id bike_id started_at ended_at settled_at start_station_id end_station_id is_cancelled "
    f"tariff_id tariff_name {' '.join(TariffTerms._fields[1:])} status cost_amount cost_lines"
)
EVENTS = "rental_id kind happened_at actor_id reason"

# Id, rider, the bike's number, started at, ended at, settled at, seconds.
Ride = tuple[str, str, int, str, str, str, int]
Rows = Iterator[str]


class LastRide(NamedTuple):
    """The last ride of a bike. A place is a number, as in `City.place`."""

    id: str
    rider: str
    started_at: str
    ended_at: str
    start: int
    end: int
    is_cancelled: bool


class DemoImpossibleError(Exception):
    """The sizes do not fit together. The text says why."""


class City:
    def __init__(self, size: Size, *, ends_at: datetime) -> None:
        """:param ends_at: the end of the city's past, a whole second: no row is later, except the bikes held now"""
        self.size = size
        self.ends_at = ends_at
        self.long_history = LONG_HISTORY if size.rentals >= LONG_HISTORY_FROM and size.users > 1 else 0
        self.rotating = size.users - bool(self.long_history)
        self.ridden = size.bikes - (size.bikes > EXAMPLE)
        self.width = min(self.ridden, self.rotating)
        self.rides_of_rounds = [1] * self.long_history + self._rides_of_rounds(size.rentals - self.long_history)
        self.opened_at = ends_at - len(self.rides_of_rounds) * timedelta(seconds=ROUND_SECONDS)
        # Where each bike stands: at a station or, beyond the last station, at a place in the street.
        self.places = size.stations + max(1, size.stations // 9)
        self.standing = [number % self.places for number in range(size.bikes)]
        self.standing[EXAMPLE : EXAMPLE + 1] = [size.stations] * (size.bikes - self.ridden)
        self.last_rides: list[LastRide | None] = [None] * size.bikes
        # Bikes that are held now, and for whom: not for the first rider, who is in the examples.
        held = min(3, size.bikes // 20, size.users // 4)
        self.held = {10 * number + 9: self.riders[-1 - number] for number in range(held)}

    def users(self, *, password: str) -> Iterator[str]:
        """Columns: see USERS. All users share one hash of the known password."""
        created = self.opened_at - timedelta(days=1)
        for number in range(1, self.size.users + 1):
            email = f"rider-{number:06}@{DEMO_EMAIL_DOMAIN}"
            yield f"{self.riders[number - 1]}\t{created}\t{password}\t{email}\t{created}\tRider {number}\ten\tt\tf\tf\n"
        yield f"{OPERATOR}\t{created}\t{password}\t{DEMO_ADMIN_EMAIL}\t{created}\tDemo operator\ten\tt\tt\tt\n"

    def models(self) -> Iterator[str]:
        for name, *fields in MODELS:
            yield make_row(make_id("model", name), self.opened_at, name, *fields)

    def tariffs(self) -> Iterator[str]:
        for terms in TARIFFS:
            yield make_row(make_id("tariff", terms.name), self.opened_at, *terms)

    def stations(self) -> Iterator[str]:
        """Call it after `rentals`: a station gets docks for every bike that stands there."""
        standing = [0] * self.places
        for place in self.standing:
            standing[place] += 1
        for number in range(self.size.stations):
            latitude, longitude = self._coordinates(number)
            capacity = max(12, standing[number] + 4)
            name = f"Demo City {number + 1:04}"
            yield make_row(self.place_ids[number], self.opened_at, name, latitude, longitude, capacity)

    def bikes(self) -> Iterator[str]:
        """Call it after `rentals`: a bike stands where its last ride ended."""
        kinds = [
            (make_id("model", model[0]), make_id("tariff", tariff.name))
            for model, tariff in zip(MODELS, TARIFFS, strict=True)
        ]
        for number, place in enumerate(self.standing):
            model, tariff = kinds[number % 3]
            yield make_row(
                self.bike_ids[number], self.opened_at, f"D-{number + 1:06}", model, tariff, self.status(number),
                *self.place(number, place),
            )  # fmt: skip

    def status(self, bike: int) -> str:
        if bike in self.held:
            return "reserved"
        return "maintenance" if bike % 50 == 49 else "available"

    def place(self, bike: int, place: int) -> tuple[str, str, str]:
        """Station, latitude and longitude of a bike. In the street each bike has a place of its own."""
        if bike == EXAMPLE:
            return NULL, *EXAMPLE_PLACE
        at_station = place < self.size.stations
        return self.place_ids[place], *self._coordinates(place if at_station else self.size.stations + bike)

    def rides(self) -> Iterator[Ride]:
        """All rides in the order of their starts."""
        riders, others = self.riders, self.size.users - self.rotating
        for number, first, count in self._rounds():
            starts_at = int(self.opened_at.timestamp()) + number * ROUND_SECONDS
            second_of_day = starts_at % DAY_SECONDS
            days = [f"{datetime.fromtimestamp(starts_at + later, UTC):%Y-%m-%d} " for later in (0, ROUND_SECONDS)]
            is_long_history = number < self.long_history
            for index in range(first, first + count):
                turn = index - self.long_history
                rider = riders[0] if is_long_history else riders[others + turn % self.rotating]
                bike = (turn + 13 * number) % self.ridden
                delay = index * 7919 % START_SPREAD
                start = second_of_day + delay
                length = 20 + index % 60 if is_cancelled(index) else SHORTEST + index * 104_729 % LENGTH_SPREAD
                moment = f"{(starts_at + delay) * 1000:012x}"  # as in a UUID 7, so that ids grow with time
                yield (
                    f"{moment[:8]}-{moment[8:]}-7000-8000-{index:012x}",
                    rider,
                    bike + (bike >= EXAMPLE and self.ridden < self.size.bikes),
                    clock(days, start),
                    clock(days, start + length),
                    clock(days, start + length + (not is_cancelled(index))),
                    length,
                )

    def _rides_of_rounds(self, rides: int) -> list[int]:
        """From the first round to the last. They are counted from the end, because the last one's time is given."""
        counts: list[int] = []
        while rides:
            begins_at = int(self.ends_at.timestamp()) - (len(counts) + 1) * ROUND_SECONDS
            share = SHARES[begins_at % DAY_SECONDS // ROUND_SECONDS]
            counts.append(min(rides, max(1, round(share * self.width))))
            rides -= counts[-1]
            if self.long_history + len(counts) > ROUNDS_MAX:
                raise DemoImpossibleError(f"These riders and bikes need more than {YEARS_MAX} years for the rides.")
        return counts[::-1]

    def _rounds(self) -> Iterator[tuple[int, int, int]]:
        """The number of each round, its first ride and its number of rides."""
        first = 0
        for number, count in enumerate(self.rides_of_rounds):
            yield number, first, count
            first += count

    def rentals(self) -> Iterator[str]:
        """Columns: see RENTALS. Also moves the bikes, and keeps the last ride of each."""
        standing, place_ids, bike_ids, places = self.standing, self.place_ids, self.bike_ids, self.places
        for index, (ride_id, rider, bike, started_at, ended_at, settled_at, length) in enumerate(self.rides()):
            cancelled = is_cancelled(index)
            start = standing[bike]
            end = start if cancelled else index * 40_503 // 7 % places
            standing[bike] = end
            self.last_rides[bike] = LastRide(ride_id, rider, started_at, ended_at, start, end, cancelled)
            yield (
                f"{ride_id}\t{started_at}\t{rider}\t{bike_ids[bike]}\t{started_at}\t{ended_at}\t{settled_at}"
                f"\t{place_ids[start]}\t{place_ids[end]}"
                f"\t{CANCELLED_ENDINGS[bike % 3] if cancelled else ENDINGS[bike % 3][-(-length // 60)]}"
            )

    def events(self) -> Iterator[str]:
        """Three events for each ride, two for a cancelled one. Columns: see EVENTS."""
        for index, (ride_id, rider, _, started_at, ended_at, settled_at, _) in enumerate(self.rides()):
            if is_cancelled(index):
                reason = CANCEL_REASONS[index // CANCELLED_EVERY % len(CANCEL_REASONS)]
                yield (
                    f"{ride_id}\tstarted\t{started_at}\t{rider}\t\n"
                    f"{ride_id}\tcancelled\t{ended_at}\t{rider}\t{reason}\n"
                )
                continue
            yield (
                f"{ride_id}\tstarted\t{started_at}\t{rider}\t\n"
                f"{ride_id}\treturned\t{ended_at}\t{rider}\t\n"
                f"{ride_id}\tsettled\t{settled_at}\t{NULL}\t\n"
            )

    @cached_property
    def riders(self) -> list[str]:
        return [make_id("rider", number) for number in range(1, self.size.users + 1)]

    @cached_property
    def bike_ids(self) -> list[str]:
        return [make_id("bike", number) for number in range(1, self.size.bikes + 1)]

    @cached_property
    def place_ids(self) -> list[str]:
        stations = [make_id("station", number) for number in range(1, self.size.stations + 1)]
        return stations + [NULL] * (self.places - self.size.stations)

    def _coordinates(self, number: int) -> tuple[str, str]:
        distance = RADIUS * sqrt((number + 0.5) / (self.places + self.size.bikes))
        latitude = LATITUDE + distance * sin(number * GOLDEN_ANGLE)
        longitude = LONGITUDE + distance * cos(number * GOLDEN_ANGLE) / cos(LATITUDE * pi / 180)
        return f"{latitude:.6f}", f"{longitude:.6f}"


def is_cancelled(ride: int) -> bool:
    return ride % CANCELLED_EVERY == FIRST_CANCELLED


def clock(days: list[str], second: int) -> str:
    """:param second: of the first of two days"""
    return days[second >= DAY_SECONDS] + CLOCK[second % DAY_SECONDS]


def make_id(*parts: object) -> str:
    return str(uuid5(NAMESPACE, " ".join(map(str, parts))))


def make_row(*values: object) -> str:
    return "\t".join(NULL if value is None else str(value) for value in values) + "\n"


def _endings(terms: TariffTerms) -> list[str]:
    """The end of a ride's row (terms and settled receipt) for each length in minutes."""
    endings = []
    for minutes in range((SHORTEST + LENGTH_SPREAD) // 60 + 1):
        cost = price(terms, started_at=ANY_MOMENT, ended_at=ANY_MOMENT + timedelta(minutes=minutes))
        lines = dumps([line.as_json() for line in cost.lines])
        endings.append(_ending(terms, money_text(cost.amount), lines, cancelled=False))
    return endings


def _ending(terms: TariffTerms, amount: str, lines: str, *, cancelled: bool) -> str:
    return make_row(cancelled, make_id("tariff", terms.name), *terms, Rental.Status.SETTLED, amount, lines)


OPERATOR = make_id("operator")
ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ENDINGS = [_endings(terms) for terms in TARIFFS]
CANCELLED_ENDINGS = [_ending(terms, "0.00", "[]", cancelled=True) for terms in TARIFFS]
CANCEL_REASONS = CancelReason.values
CLOCK = [f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+00" for second in range(DAY_SECONDS)]
