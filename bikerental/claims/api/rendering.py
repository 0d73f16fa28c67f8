"""Responses about claims. A test compares them with the declared output."""

from typing import Any

from bikerental.claims.types import ClaimRow
from bikerental.core.money import money_text


def claim_json(claim: ClaimRow) -> dict[str, Any]:
    adjustment = None
    if claim.adjusted_amount is not None:
        adjustment = {"amount": money_text(-claim.adjusted_amount), "currency": claim.currency}
    return {
        "id": claim.id,
        "rental": claim.rental_id,
        "kind": claim.kind,
        "text": claim.text,
        "status": claim.status,
        "created_at": claim.created_at,
        "decided_at": claim.decided_at,
        "answer": claim.answer,
        "adjustment": adjustment,
    }
