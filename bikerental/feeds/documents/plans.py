"""Tariffs as the pricing plans of GBFS."""

from collections.abc import Iterable
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from bikerental.feeds.documents.versions import Version
from bikerental.feeds.types import PlanRow
from bikerental.fleet.types import TariffTerms


def pricing_plans(version: Version, plans: Iterable[PlanRow]) -> dict[str, Any]:
    return {"plans": [_plan(version, plan) for plan in plans]}


def _plan(version: Version, plan: PlanRow) -> dict[str, Any]:
    terms = plan.terms
    fields = {
        "plan_id": plan.id,
        "name": version.same_text(terms.name),
        "currency": terms.currency,
        "price": float(terms.unlock_fee),
        "is_taxable": False,  # the prices are what the rider pays
        "description": version.texts({language: _description(terms, language) for language in version.languages}),
    }
    if rate := float(terms.per_minute):
        fields["per_min_pricing"] = [{"start": terms.free_minutes, "rate": rate, "interval": 1}]
    return fields


def _description(terms: TariffTerms, language: str) -> str:
    """All terms in words. GBFS has no field for a cap, or for the fee of an end outside the area."""
    with translation.override(language):
        sentences = [
            _("Unlocking: %(amount)s.") % _amount(terms, terms.unlock_fee),
            _("Each minute: %(amount)s.") % _amount(terms, terms.per_minute),
        ]
        if terms.free_minutes:
            sentences.append(_("Free minutes: %(count)d.") % {"count": terms.free_minutes})
        if terms.daily_cap is not None:
            sentences.append(_("Minutes of 24 hours cost at most %(amount)s.") % _amount(terms, terms.daily_cap))
        if terms.out_of_area_fee is not None:
            fee = _amount(terms, terms.out_of_area_fee)
            sentences.append(_("An end outside the service area: %(amount)s more.") % fee)
        return " ".join(sentences)


def _amount(terms: TariffTerms, amount: str) -> dict[str, str]:
    return {"amount": f"{amount} {terms.currency}"}
