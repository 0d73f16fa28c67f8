"""Responses about balances and entries. A test compares them with the declared outputs."""

from typing import Any

from bikerental.billing.selectors import may_rent
from bikerental.billing.types import Balance, RiderEntry
from bikerental.core.money import money_text


def account_json(balances: list[Balance]) -> dict[str, Any]:
    return {
        "balances": [_money(balance, "amount") for balance in balances],
        "may_rent": may_rent(balances),
        "disputed": [_money(balance, "disputed") for balance in balances if balance.disputed],
    }


def _money(balance: Balance, name: str) -> dict[str, str]:
    return {"currency": balance.currency, "amount": money_text(getattr(balance, name))}


def entry_json(entry: RiderEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "amount": money_text(entry.amount),
        "currency": entry.currency,
        "rental": entry.rental_id,
        "reason": entry.reason,
        "created_at": entry.created_at,
    }
