"""A small city in which random things happen, through the services: rides that end late, cancelled rides,
bikes that break, late settling, corrections and reversals."""

import random
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from bikerental.billing.models import Account, Entry
from bikerental.billing.services import entry_reverse, payment_book, payment_refund
from bikerental.billing.types import Booking
from bikerental.core.errors import Refusal
from bikerental.fleet.models import Bike
from bikerental.fleet.services import bike_log_repair, bikes_return_to_service, bikes_send_to_maintenance
from bikerental.rentals.constants import CancelReason
from bikerental.rentals.models import Rental
from bikerental.rentals.services import (
    rental_cancel,
    rental_correct,
    rental_end_by_operator,
    rental_return,
    rental_start,
    rentals_settle,
)
from bikerental.rentals.types import Correction, Place
from tests.factories import make_bike, make_model, make_station, make_user


class LivingCity:
    def __init__(self, *, begin: datetime, seed: int) -> None:
        self.now = begin
        self.chance = random.Random(seed)
        self.models = [make_model(name="City"), make_model(name="=Cargo")]
        self.stations = [make_station(capacity=8) for _ in range(3)]
        self.riders = [make_user() for _ in range(5)]
        self.operator = make_user(is_staff=True)
        tariff = None
        for number in range(7):
            bike = make_bike(
                model=self.models[number % 2], station=self.chance.choice([None, *self.stations]),
                created_at=begin, **({} if tariff is None else {"tariff": tariff}),
            )  # fmt: skip
            tariff = bike.tariff
        bike_log_repair(now=begin)

    def live(self, *, until: datetime) -> None:
        acts = [self.start] * 5 + [self.give_back] * 6 + [self.cancel, self.settle, self.settle, self.end_earlier]
        acts += [self.correct, self.break_bike, self.mend_bike, self.pay, self.refund, self.reverse]
        while True:
            self.now += timedelta(seconds=self.chance.randrange(40, 2400))
            if self.now >= until:
                self.now = until
                return
            with suppress(Refusal), transaction.atomic():
                self.chance.choice(acts)()

    def start(self) -> None:
        bike = self.chance.choice(Bike.objects.filter(status="available").order_by("number") or [None])
        rider = self.chance.choice(self.riders)
        if bike is not None:
            rental_start(rider_id=rider.pk, bike_id=bike.pk, now=self.now)

    def ride(self, *states: str) -> Rental:
        rides = list(Rental.objects.filter(status__in=states).order_by("started_at", "bike__number"))
        if not rides:
            raise Refusal
        return self.chance.choice(rides)

    def give_back(self) -> None:
        ride = self.ride("active")
        station = self.chance.choice([None, *self.stations])
        rental_return(
            rental_id=ride.pk, rider_id=ride.rider_id, place=station and Place(station_id=station.pk), now=self.now
        )

    def cancel(self) -> None:
        self.start()
        ride = Rental.objects.order_by("started_at").last()
        self.now += timedelta(seconds=50)
        if ride is not None and ride.rider_id is not None:
            reason = {"reason": CancelReason.OTHER, "text": ""}
            rental_cancel(rental_id=ride.pk, rider_id=ride.rider_id, **reason, now=self.now)

    def end_earlier(self) -> None:
        ride = self.ride("active")
        end = ride.started_at + (self.now - ride.started_at) / 2
        rental_end_by_operator(rental_id=ride.pk, operator=self.operator, reason="stuck", ended_at=end, now=self.now)

    def settle(self) -> None:
        late = Rental.objects.filter(status="returned").values_list("pk", flat=True)
        rentals_settle(rental_ids=list(late), now=self.now)

    def booking(self) -> Booking:
        return Booking(f"{self.chance.random()}", self.operator.pk, "because", self.now)

    def correct(self) -> None:
        amount = Decimal(self.chance.randrange(1, 40))
        rental_correct(rental_id=self.ride("settled").pk, correction=Correction(amount=amount), booking=self.booking())

    def account(self) -> UUID:
        accounts = list(Account.objects.filter(kind="rider").order_by("created_at", "rider__email"))
        if not accounts:
            raise Refusal
        return self.chance.choice(accounts).pk

    def pay(self) -> None:
        payment_book(account_id=self.account(), amount=Decimal(50), booking=self.booking())

    def refund(self) -> None:
        payment_refund(account_id=self.account(), amount=Decimal(20), booking=self.booking())

    def reverse(self) -> None:
        """Also a reversal, which puts into force again what it had reversed."""
        entries: list[Any] = list(Entry.objects.order_by("created_at", "key"))
        if not entries:
            raise Refusal
        entry_reverse(entry_id=self.chance.choice(entries).pk, booking=self.booking())

    def break_bike(self) -> None:
        bikes = Bike.objects.order_by("number")
        bikes_send_to_maintenance(bike_ids=[self.chance.choice(bikes).pk], operator_id=self.operator.pk, now=self.now)

    def mend_bike(self) -> None:
        bike_ids = list(Bike.objects.filter(status="maintenance").values_list("pk", flat=True))
        bikes_return_to_service(bike_ids=bike_ids, operator_id=self.operator.pk, now=self.now)
