"""Responses about rentals as plain dictionaries: a serializer would take longer than the whole query.

A test compares them with the declared `RentalOutput`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from bikerental.core.money import money_text
from bikerental.fleet.types import TariffTerms
from bikerental.rentals.constants import CANCELLED
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import Cost, cost_at, is_overdue
from bikerental.rentals.types import RentalRow

_FINAL = {Rental.Status.SETTLED.value, CANCELLED}


def rental_json(rental: RentalRow, now: datetime) -> dict[str, Any]:
    return {
        "id": rental.id,
        "status": rental.status,
        "bike": {
            "id": rental.bike_id,
            "number": rental.bike_number,
            "model": rental.model.json,
        },
        "started_at": rental.started_at,
        "ended_at": rental.ended_at,
        "start_station": _station(rental.start_station_id, rental.start_station_name),
        "end_station": _station(rental.end_station_id, rental.end_station_name),
        "tariff": rental.terms.json,
        "overdue": is_overdue(rental, now),
        "cost": _cost(rental, now),
    }


def _station(station_id: object, name: str | None) -> dict[str, Any] | None:
    return None if station_id is None else {"id": station_id, "name": name}


def _cost(rental: RentalRow, now: datetime) -> dict[str, Any]:
    if rental.status in _FINAL and rental.cost_amount is not None:
        amount = rental.cost_amount
        lines: Any = orjson.Fragment(rental.cost_lines or "[]")  # as stored: neither parsed nor written again
        if rental.adjustment is not None:
            amount = money_text(Decimal(amount) + Decimal(rental.adjustment))
            lines = [*orjson.loads(rental.cost_lines or "[]"), {"code": "adjustment", "amount": rental.adjustment}]
        return {"amount": amount, "currency": rental.terms.currency, "final": True, "lines": lines}
    return cost_json(cost_at(rental, now), rental.terms)


def cost_json(cost: Cost, terms: TariffTerms) -> dict[str, Any]:
    """The cost of a ride that is not settled."""
    return {
        "amount": money_text(cost.amount),
        "currency": terms.currency,
        "final": False,
        "lines": [line.as_json() for line in cost.lines],
    }
