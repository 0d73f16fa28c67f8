"""What a rental looks like in an answer. Plain dictionaries: a serializer's machinery costs more
than the whole query; a test holds them to the declared `RentalOutput`."""

from datetime import datetime
from typing import Any

import orjson

from bikerental.core.money import money_text
from bikerental.rentals.models import Rental
from bikerental.rentals.types import RentalRow

_SETTLED = Rental.Status.SETTLED.value


def rental_json(rental: RentalRow, now: datetime) -> dict[str, Any]:
    return {
        "id": rental.id,
        "status": rental.status,
        "bike": {
            "id": rental.bike_id,
            "number": rental.bike_number,
            "model": {
                "id": rental.model_id,
                "name": rental.model_name,
                "propulsion": rental.model_propulsion,
            },
        },
        "started_at": rental.started_at,
        "ended_at": rental.ended_at,
        "start_station": _station(rental.start_station_id, rental.start_station_name),
        "end_station": _station(rental.end_station_id, rental.end_station_name),
        "tariff": {
            "name": rental.tariff_name,
            "currency": rental.currency,
            "unlock_fee": rental.unlock_fee,
            "per_minute": rental.per_minute,
            "free_minutes": rental.free_minutes,
            "daily_cap": rental.daily_cap,
            "overdue_after_minutes": rental.overdue_after_minutes,
        },
        "overdue": rental.is_overdue(now),
        "cost": _cost(rental, now),
    }


def _station(station_id: object, name: str | None) -> dict[str, Any] | None:
    return None if station_id is None else {"id": station_id, "name": name}


def _cost(rental: RentalRow, now: datetime) -> dict[str, Any]:
    if rental.status == _SETTLED and rental.cost_amount is not None:
        lines = orjson.Fragment(rental.cost_lines or "[]")  # as stored: neither parsed nor written anew
        return {"amount": rental.cost_amount, "currency": rental.currency, "final": True, "lines": lines}
    cost = rental.cost_at(now)
    return {
        "amount": money_text(cost.amount),
        "currency": rental.currency,
        "final": False,
        "lines": [line.as_json() for line in cost.lines],
    }
