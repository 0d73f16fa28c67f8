"""Factories of valid rows. A test names only the fields that it is about."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bikerental.claims.models import Claim
from bikerental.fleet.models import Bike, BikeModel, Station, Tariff
from bikerental.fleet.types import TariffTerms
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rentals_settle
from bikerental.users.models import User

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PASSWORD = "pedal-harder-9"

_numbers = itertools.count(1)


def make_user(**fields: Any) -> User:
    number = next(_numbers)
    password = fields.pop("password", PASSWORD)
    values = {"email": f"rider{number}@example.org", "name": f"Rider {number}", "email_confirmed_at": NOON}
    values |= fields
    return User.objects.create_user(password=password, **values)


def make_tariff(**fields: Any) -> Tariff:
    terms = {"unlock_fee": Decimal("50.00"), "per_minute": Decimal("5.00"), "free_minutes": 0, "daily_cap": None}
    return Tariff.objects.create(**{"name": "Basic", "currency": "RUB"} | terms | fields)


def make_model(**fields: Any) -> BikeModel:
    return BikeModel.objects.create(**{"name": "City", "propulsion": "human"} | fields)


def make_station(**fields: Any) -> Station:
    number = next(_numbers)
    values = {"name": f"Station {number}", "latitude": 59.93, "longitude": 30.31, "capacity": 20}
    return Station.objects.create(**values | fields)


def make_bike(**fields: Any) -> Bike:
    fields.setdefault("number", f"T-{next(_numbers):06}")
    fields.setdefault("latitude", 59.93)
    fields.setdefault("longitude", 30.31)
    for name, make in (("model", make_model), ("tariff", make_tariff)):
        if name not in fields:
            fields[name] = make()
    return Bike.objects.create(**fields)


def make_rental(**fields: Any) -> Rental:
    """An active rental since NOON with its bike rented. With `ended_at` it is a returned one."""
    ended_at = fields.get("ended_at")
    rider = fields.pop("rider", None) or make_user()
    bike = fields.pop("bike", None) or make_bike(status="available" if ended_at else "rented")
    tariff = bike.tariff
    values: dict[str, Any] = {name: getattr(tariff, name) for name in TariffTerms._fields[1:]}
    values |= {"tariff": tariff, "tariff_name": tariff.name, "status": "returned" if ended_at else "active"}
    return Rental.objects.create(rider=rider, bike=bike, **values | {"started_at": NOON} | fields)


def make_returned_rental(minutes: int = 19, **fields: Any) -> Rental:
    started_at = fields.pop("started_at", NOON)
    return make_rental(started_at=started_at, ended_at=started_at + timedelta(minutes=minutes), **fields)


def make_settled_rental(minutes: int = 19, **fields: Any) -> Rental:
    """One that has been charged: 145.00 RUB for the 19 minutes."""
    rental = make_returned_rental(minutes, **fields)
    rentals_settle(rental_ids=[rental.pk], now=NOON + timedelta(hours=1))
    rental.refresh_from_db()
    return rental


def make_claim(rental: Rental | None = None, **fields: Any) -> Claim:
    """An open claim about a settled ride."""
    rental = rental or make_settled_rental()
    return Claim.objects.create(**{"rental": rental, "rider": rental.rider, "kind": "wrong_charge"} | fields)
