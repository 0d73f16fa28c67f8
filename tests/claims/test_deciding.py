"""An operator decides a claim, or corrects the cost of a ride without one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bikerental.billing.exceptions import (
    AdjustmentTooHighError,
    AmountInvalidError,
    KeyReusedError,
    ReasonMissingError,
    RideNotChargedError,
)
from bikerental.billing.models import Entry
from bikerental.billing.selectors import balances_of_rider, cost_of_ride
from bikerental.billing.types import Booking
from bikerental.claims.exceptions import ClaimDecidedError
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide
from bikerental.claims.types import Decision
from bikerental.core.errors import Refusal
from bikerental.notifications.models import Notification
from bikerental.rentals.exceptions import (
    CorrectedEndInvalidError,
    CorrectionChangesNothingError,
    RentalNotSettledError,
)
from bikerental.rentals.locks import rental_lock
from bikerental.rentals.models import Rental
from bikerental.rentals.services import rental_correct, rental_cost_corrected
from bikerental.rentals.types import Correction
from bikerental.users.models import User
from tests.clients import RiderClient
from tests.factories import (
    NOON,
    make_bike,
    make_claim,
    make_rental,
    make_returned_rental,
    make_settled_rental,
    make_tariff,
    make_user,
)

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def operator() -> User:
    return make_user(is_staff=True)


def at(minutes: int) -> Correction:
    return Correction(ended_at=NOON + timedelta(minutes=minutes))


def amount(text: str) -> Correction:
    return Correction(amount=Decimal(text))


def decide(claim: Claim, operator: User, correction: Correction | None = None, reason: str = "We looked.") -> None:
    claim_decide(claim_id=claim.pk, decision=Decision(reason, correction), operator_id=operator.pk, now=LATER)
    claim.refresh_from_db()


@pytest.mark.parametrize(
    ("correction", "taken_off"),
    [
        (at(0), "95.00"),
        (at(10), "45.00"),
        (amount("0.01"), "0.01"),
        (amount("145.00"), "145.00"),
        (Correction(), "145.00"),
    ],
)
def test_an_accepted_claim_takes_off_what_the_correction_says(
    operator: User, correction: Correction, taken_off: str
) -> None:
    claim = make_claim()

    decide(claim, operator, correction)

    entry = Entry.objects.get(kind="adjustment")
    assert (claim.status, claim.adjusted_amount, claim.decided_by, claim.decided_at, claim.answer) == (
        "accepted",
        Decimal(taken_off),
        operator,
        LATER,
        "We looked.",
    )
    assert claim.corrected_end == correction.ended_at
    assert (entry.claim_id, entry.rental_id, entry.actor, entry.reason) == (
        claim.pk,
        claim.rental_id,
        operator,
        "We looked.",
    )
    assert cost_of_ride(rental_id=claim.rental_id) == Decimal("145.00") - Decimal(taken_off)


def test_a_rejected_claim_books_nothing(operator: User) -> None:
    claim = make_claim()

    decide(claim, operator)

    assert (claim.status, claim.adjusted_amount, claim.answer) == ("rejected", None, "We looked.")
    assert [entry.kind for entry in Entry.objects.all()] == ["charge"]


@pytest.mark.parametrize(
    ("correction", "refusal"),
    [
        (at(-1), CorrectedEndInvalidError),
        (at(20), CorrectedEndInvalidError),
        (at(19), CorrectionChangesNothingError),
        (amount("0"), AmountInvalidError),
        (amount("0.001"), AmountInvalidError),
        (amount("-1"), AmountInvalidError),
        (amount("145.01"), AdjustmentTooHighError),
    ],
)
def test_no_more_than_the_cost_is_taken_off(operator: User, correction: Correction, refusal: type[Refusal]) -> None:
    claim = make_claim()

    with pytest.raises(refusal):
        decide(claim, operator, correction)

    claim.refresh_from_db()
    assert (claim.status, Entry.objects.count()) == ("open", 1)
    assert not Notification.objects.filter(kind="claim_decided").exists()


@pytest.mark.parametrize("correction", [None, amount("1.00")])
def test_a_decision_needs_a_reason(operator: User, correction: Correction | None) -> None:
    claim = make_claim()

    with pytest.raises(ReasonMissingError):
        decide(claim, operator, correction, reason=" ")

    claim.refresh_from_db()
    assert claim.status == "open"


@pytest.mark.parametrize("second", [None, amount("45.00"), amount("100.00")])
def test_a_claim_is_decided_once(operator: User, second: Correction | None) -> None:
    claim = make_claim()
    decide(claim, operator, amount("45.00"))

    with pytest.raises(ClaimDecidedError):
        decide(claim, make_user(is_staff=True), second)

    claim.refresh_from_db()
    assert (claim.status, claim.decided_by, Entry.objects.count()) == ("accepted", operator, 2)


@pytest.mark.parametrize(
    ("second", "reason"),
    [(amount("45.00"), "Looked again."), (amount("100.00"), "We looked."), (Correction(), "We looked.")],
)
def test_another_decision_of_the_same_operator_is_refused(operator: User, second: Correction, reason: str) -> None:
    claim = make_claim()
    decide(claim, operator, amount("45.00"))

    with pytest.raises(ClaimDecidedError):
        decide(claim, operator, second, reason)

    claim.refresh_from_db()
    assert (claim.answer, claim.adjusted_amount, Entry.objects.count()) == ("We looked.", Decimal("45.00"), 2)


def test_a_preview_of_more_than_the_ride_costs_is_refused() -> None:
    locked = rental_lock(rental_id=make_claim().rental_id)
    assert locked

    with pytest.raises(AdjustmentTooHighError):
        rental_cost_corrected(rental=locked.rental, correction=amount("145.01"), now=LATER)


def test_a_second_claim_gets_only_what_the_ride_still_costs(operator: User) -> None:
    first = make_claim()
    decide(first, operator, at(10))
    second = make_claim(first.rental)

    decide(second, operator, at(0))

    assert second.adjusted_amount == Decimal("50.00")
    assert cost_of_ride(rental_id=first.rental_id) == Decimal("50.00")


def test_a_corrected_end_is_priced_with_the_daily_cap(operator: User) -> None:
    tariff = make_tariff(daily_cap=Decimal("100.00"))
    claim = make_claim(make_settled_rental(300, bike=make_bike(tariff=tariff)))
    assert claim.rental.cost_amount == Decimal("150.00")

    with pytest.raises(CorrectionChangesNothingError):
        decide(claim, operator, at(200))
    decide(claim, operator, at(10))

    assert claim.adjusted_amount == Decimal("50.00")


def test_a_ride_that_awaits_settling_is_settled_first(operator: User) -> None:
    claim = make_claim(make_returned_rental())

    decide(claim, operator, amount("45.00"))

    claim.rental.refresh_from_db()
    assert (claim.rental.status, claim.rental.cost_amount) == ("settled", Decimal("145.00"))
    assert {entry.kind for entry in Entry.objects.all()} == {"charge", "adjustment"}


def test_nothing_is_taken_off_a_ride_that_goes_on(operator: User) -> None:
    claim = make_claim(make_rental())

    with pytest.raises(RentalNotSettledError):
        decide(claim, operator, amount("1.00"))

    claim.refresh_from_db()
    assert claim.status == "open"


def test_a_claim_about_a_running_ride_can_be_rejected(operator: User) -> None:
    claim = make_claim(make_rental(), kind="not_unlocked")

    decide(claim, operator)

    assert claim.status == "rejected"


@pytest.mark.parametrize(
    ("correction", "refusal"), [(amount("1.00"), RideNotChargedError), (Correction(), CorrectionChangesNothingError)]
)
def test_nothing_is_taken_off_a_free_ride(operator: User, correction: Correction, refusal: type[Refusal]) -> None:
    tariff = make_tariff(unlock_fee=Decimal(0), free_minutes=60)
    claim = make_claim(make_settled_rental(bike=make_bike(tariff=tariff)))

    with pytest.raises(refusal):
        decide(claim, operator, correction)

    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("correction", "told"),
    [(amount("95.00"), {"amount": "95.00", "cost": "50.00"}), (None, {"amount": None, "cost": "145.00"})],
)
def test_the_rider_gets_a_message(operator: User, correction: Correction | None, told: dict[str, Any]) -> None:
    claim = make_claim(make_settled_rental(rider=make_user(language="ru")))

    decide(claim, operator, correction)

    message = Notification.objects.get(kind="claim_decided")
    assert (message.recipient, message.subject_id, message.language) == (claim.rider, claim.pk, "ru")
    assert message.context == told | {
        "bike_number": claim.rental.bike.number,
        "started_at": NOON.isoformat(),
        "currency": "RUB",
        "answer": "We looked.",
    }


def test_the_ride_shows_the_adjustment_as_a_line(rider_client: RiderClient, operator: User) -> None:
    claim = make_claim(make_settled_rental(rider=rider_client.rider))
    decide(claim, operator, at(0))

    ride = rider_client.get(f"/api/v1/rentals/{claim.rental_id}/").json()

    assert ride["cost"] == {
        "amount": "50.00",
        "currency": "RUB",
        "final": True,
        "lines": [
            {"code": "unlock", "amount": "50.00"},
            {"code": "minutes", "quantity": 19, "unit_price": "5.00", "amount": "95.00"},
            {"code": "adjustment", "amount": "-95.00"},
        ],
    }
    shown = rider_client.get(f"/api/v1/claims/{claim.pk}/").json()
    assert shown["adjustment"] == {"amount": "-95.00", "currency": "RUB"}


def test_a_list_of_rides_shows_adjustments_in_one_statement(rider_client: RiderClient, operator: User) -> None:
    rentals = [make_settled_rental(rider=rider_client.rider) for _ in range(3)]
    for rental in rentals[:2]:
        decide(make_claim(rental), operator, Correction())
    rider_client.get("/api/v1/rentals/")

    with CaptureQueriesContext(connection) as queries:
        rides = rider_client.get("/api/v1/rentals/").json()["results"]

    costs = {ride["id"]: ride["cost"]["amount"] for ride in rides}
    assert sorted(costs.values()) == ["0.00", "0.00", "145.00"]
    assert len([query for query in queries if "rentals_rental" in query["sql"] or "EXECUTE" in query["sql"]]) == 2


def test_disputed_rides_do_not_count_as_debt(rider_client: RiderClient, settings: Any) -> None:
    settings.DEBT_LIMIT = Decimal("100.00")
    disputed = make_claim(make_settled_rental(rider=rider_client.rider))

    account = rider_client.get("/api/v1/me/account/").json()

    assert account == {
        "balances": [{"currency": "RUB", "amount": "145.00"}],
        "may_rent": True,
        "disputed": [{"currency": "RUB", "amount": "145.00"}],
    }
    decide(disputed, make_user(is_staff=True))
    account = rider_client.get("/api/v1/me/account/").json()
    assert (account["may_rent"], account["disputed"]) == (False, [])


class TestByHand:
    def correct(self, rental: Rental, operator: User, correction: Correction, key: str = "form:1") -> None:
        booking = Booking(key, operator.pk, "The lock was broken.", LATER)
        rental_correct(rental_id=rental.pk, correction=correction, booking=booking)

    def test_a_correction_has_actor_reason_and_message(self, operator: User) -> None:
        rental = make_returned_rental()

        self.correct(rental, operator, at(10))

        entry = Entry.objects.get(kind="adjustment")
        assert (entry.actor, entry.reason, entry.claim_id) == (operator, "The lock was broken.", None)
        assert cost_of_ride(rental_id=rental.pk) == Decimal("100.00")
        message = Notification.objects.get(kind="ride_adjusted")
        assert (message.recipient_id, message.context["amount"], message.context["cost"]) == (
            rental.rider_id,
            "45.00",
            "100.00",
        )

    @pytest.mark.parametrize("correction", [Correction(), at(10), amount("10.00")])
    def test_a_form_that_is_sent_twice_corrects_once(self, operator: User, correction: Correction) -> None:
        rental = make_returned_rental()

        for _ in range(2):
            self.correct(rental, operator, correction)

        assert Entry.objects.filter(kind="adjustment").count() == 1
        assert Notification.objects.filter(kind="ride_adjusted").count() == 1

    def test_one_form_does_not_correct_two_rides(self, operator: User) -> None:
        self.correct(make_returned_rental(), operator, Correction())
        other = make_returned_rental()

        with pytest.raises(KeyReusedError):
            self.correct(other, operator, Correction())

        assert cost_of_ride(rental_id=other.pk) == Decimal("145.00")

    def test_nothing_is_owed_for_a_waived_ride(self, operator: User) -> None:
        rental = make_returned_rental()

        self.correct(rental, operator, Correction())

        assert rental.rider_id is not None
        assert balances_of_rider(rider_id=rental.rider_id) == [("RUB", Decimal(0), Decimal(0))]
