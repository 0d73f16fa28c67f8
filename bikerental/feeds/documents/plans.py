"""Tariffs as the pricing plans of GBFS."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from bikerental.core.money import money_text
from bikerental.feeds.documents.versions import Version
from bikerental.feeds.types import PlanRow


def pricing_plans(version: Version, plans: Iterable[PlanRow]) -> dict[str, Any]:
    return {"plans": [_plan(version, plan) for plan in plans]}


def _plan(version: Version, plan: PlanRow) -> dict[str, Any]:
    fields = {
        "plan_id": plan.id,
        "name": version.same_text(plan.name),
        "currency": plan.currency,
        "price": float(plan.unlock_fee),
        "is_taxable": False,  # the prices are what the rider pays
        "description": version.texts({language: _description(plan, language) for language in version.languages}),
    }
    if plan.per_minute:
        segment = {"start": plan.free_minutes, "rate": float(plan.per_minute), "interval": 1}
        fields["per_min_pricing"] = [segment]
    return fields


def _description(plan: PlanRow, language: str) -> str:
    """All terms in words. GBFS has no field for a cap, or for the fee of an end outside the area."""
    with translation.override(language):
        sentences = [
            _("Unlocking: %(amount)s.") % _amount(plan, plan.unlock_fee),
            _("Each minute: %(amount)s.") % _amount(plan, plan.per_minute),
        ]
        if plan.free_minutes:
            sentences.append(_("Free minutes: %(count)d.") % {"count": plan.free_minutes})
        if plan.daily_cap is not None:
            sentences.append(_("Minutes of 24 hours cost at most %(amount)s.") % _amount(plan, plan.daily_cap))
        if plan.out_of_area_fee is not None:
            fee = _amount(plan, plan.out_of_area_fee)
            sentences.append(_("An end outside the service area: %(amount)s more.") % fee)
        return " ".join(sentences)


def _amount(plan: PlanRow, amount: Decimal) -> dict[str, str]:
    return {"amount": f"{money_text(amount)} {plan.currency}"}
