"""The queue of claims, and the page of one claim with all that an operator needs to decide it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.claims.admin import DecisionChoice
from bikerental.claims.constants import ClaimStatus
from bikerental.claims.exceptions import ClaimDecidedError
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide
from bikerental.claims.types import Decision
from bikerental.console.constants import ActionKind
from bikerental.console.pages.base import FormPage, Page
from bikerental.console.pages.corrections import CorrectionForm, CorrectionFormMixin
from bikerental.console.pages.rides import ride_shown
from bikerental.console.selectors.claims import claim_of, claims_all, claims_queue, earlier_claims
from bikerental.console.selectors.lists import NEWEST_FIRST
from bikerental.console.selectors.rides import RideHistory, ride_history, ride_of
from bikerental.console.types import NewAction
from bikerental.core.db.clock import database_now
from bikerental.core.db.keyset import rows_in_order
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import minutes_begun, price
from bikerental.rentals.types import CorrectedCost


class ClaimsPage(Page):
    permission = "claims.view_claim"
    section = "claims"
    template = "console/claims.html"
    title = _("Claims")

    COLUMNS: ClassVar = (
        "claim", "status", "kind", "claimed_at", "text", "ride", "bike", "rider", "taken_off", "currency", "decided_at",
        "decided_by", "answer",
    )  # fmt: skip

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if self.is_file_wanted:
            return self.send_file("claims", self.COLUMNS, map(_claim_line, rows_in_order(claims_all(), NEWEST_FIRST)))
        return self.show({"claims": claims_queue()})


def _claim_line(claim: Claim) -> Sequence[Any]:
    ride, by = claim.rental, claim.decided_by
    return (
        claim.pk, claim.status, claim.kind, claim.created_at, claim.text, ride.pk, ride.bike.number, claim.rider.name,
        claim.adjusted_amount, ride.currency, claim.decided_at, by and by.name, claim.answer,
    )  # fmt: skip


class DecisionForm(DecisionChoice, CorrectionForm):
    pass


class PriceAt(NamedTuple):
    """What the ride would cost if it had ended at this time."""

    ended_at: datetime
    why: Promise
    minutes: int
    cost: Decimal


STEPS = 8


def prices(ride: Rental, claim: Claim, history: RideHistory, now: datetime) -> list[PriceAt]:
    """The price at each moment that may be the true end, and in equal steps between start and end, in their order."""
    end = ride.ended_at or now
    moments: list[tuple[datetime, Promise]] = [
        (ride.started_at + (end - ride.started_at) * step / STEPS, _("on the way")) for step in range(1, STEPS)
    ]
    moments += [(event.happened_at, _("an event of the bike")) for event in history.after if event.happened_at < end]
    if claim.ended_at is not None and claim.ended_at <= end:
        moments.append((max(claim.ended_at, ride.started_at), _("the end that the rider claims")))
    moments.append((end, _("the recorded end")))
    return [_price_at(ride, moment, why) for moment, why in sorted(moments, key=lambda each: each[0])]


def _price_at(ride: Rental, moment: datetime, why: Promise) -> PriceAt:
    cost = price(ride.terms, started_at=ride.started_at, ended_at=moment, is_out_of_area=ride.is_out_of_area)
    return PriceAt(moment, why, minutes_begun(ride.started_at, moment), cost.amount)


class ClaimPage(CorrectionFormMixin, FormPage):
    permission = "claims.view_claim"
    further_permissions = ("rentals.view_rental", "users.view_user")
    action_permission = "claims.change_claim"
    section = "claims"
    template = "console/claim.html"
    title = _("Decide")
    form_class = DecisionForm
    kind = ActionKind.CLAIM_DECIDED
    done = _("Decided; the rider is told.")

    @cached_property
    def claim(self) -> Claim:
        return claim_of(claim_id=self.kwargs["claim_id"])

    @cached_property
    def ride(self) -> Rental:  # type: ignore[override] # read when it is needed
        return ride_of(rental_id=self.claim.rental_id)

    def get(self, request: HttpRequest, **ids: Any) -> HttpResponse:
        return self.show_form(self.make_form())  # a decided claim can still be read

    def require(self) -> None:
        if self.claim.status != ClaimStatus.OPEN:
            raise ClaimDecidedError

    def make_form(self, data: Any = None) -> Any:
        return self.form_class(data, initial={"ended_at": self.claim.ended_at or self.ride.ended_at})

    def costs(self, form: Any) -> CorrectedCost:
        if form.correction is not None:
            return super().costs(form)
        cost = self.about()["cost"]
        return CorrectedCost(cost, cost)

    def perform(self, form: Any, action: NewAction) -> None:
        claim_decide(
            claim_id=self.claim.pk,
            decision=Decision(action.reason, form.correction),
            operator_id=action.operator_id,
            now=action.now,
        )

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {
            "claim_id": self.claim.pk,
            "rental_id": self.ride.pk,
            "rider_id": self.claim.rider_id,
            "bike_id": self.ride.bike_id,
        }

    def about(self) -> Mapping[str, Any]:
        now = database_now()
        history = ride_history(ride=self.ride)
        return {
            "title": _("Claim: %(kind)s") % {"kind": self.claim.get_kind_display()},
            "claim": self.claim,
            "is_open": self.claim.status == ClaimStatus.OPEN,
            "prices": prices(self.ride, self.claim, history, now),
            "earlier": earlier_claims(claim=self.claim),
            **ride_shown(self.ride, history, now),
        }

    def back(self) -> str:
        """To the queue; to the claim itself where somebody else has decided it."""
        if self.claim.status != ClaimStatus.OPEN:
            return reverse("console:claim", args=[self.claim.pk])
        return reverse("console:claims")
