"""Claims against whatever else happens to the ride or the rider, with real threads and real commits.

10,000 times in all with LONG=1.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from bikerental.accounts.services import account_erase
from bikerental.billing.models import Entry
from bikerental.billing.selectors import cost_of_ride
from bikerental.billing.types import Booking
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide, claim_open
from bikerental.claims.types import Complaint, Decision
from bikerental.fleet.models import BikeEvent
from bikerental.rentals.models import Rental, RentalEvent
from bikerental.rentals.services import rental_correct, rental_end_by_operator, rental_return
from bikerental.rentals.types import Correction
from bikerental.users.models import User
from tests.factories import NOON, PASSWORD, make_claim, make_rental, make_returned_rental, make_user
from tests.lengths import IS_LONG
from tests.support.interleaving import interleave
from tests.support.threads import race

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 1400 if IS_LONG else 3
LATER = NOON + timedelta(hours=1)


def claim(rental: Rental, kind: str = "returned_earlier") -> None:
    assert rental.rider_id is not None
    claim_open(rental_id=rental.pk, rider_id=rental.rider_id, complaint=Complaint(kind, "I locked it."), now=LATER)


def decide(row: Claim, operator: User, correction: Correction | None) -> None:
    decision = Decision(f"Says {operator.pk}", correction)
    claim_decide(claim_id=row.pk, decision=decision, operator_id=operator.pk, now=LATER)


def ends_once(rental: Rental) -> Rental:
    rental.refresh_from_db()
    assert rental.ended_at is not None
    ends = RentalEvent.objects.filter(rental=rental, kind__in=["returned", "ended_by_operator"])
    assert (ends.count(), BikeEvent.objects.filter(rental_id=rental.pk).count()) == (1, 1)
    return rental


def test_a_claim_and_a_return_end_a_ride_once() -> None:
    for _ in range(ROUNDS):
        rental = make_rental()

        outcomes = race(
            lambda rental=rental: claim(rental),
            lambda rental=rental: rental_return(rental_id=rental.pk, rider_id=rental.rider_id, place=None, now=LATER),
        )

        # The claim stands in either order; the return finds a ride that has ended, if it comes second.
        assert outcomes in ({"done": 2}, {"done": 1, "RentalNotActiveError": 1})
        bike = ends_once(rental).bike
        assert bike.status == ("available" if outcomes == {"done": 2} else "maintenance")
        assert Claim.objects.filter(rental=rental).count() == 1


def test_a_claim_and_an_operator_end_a_ride_once() -> None:
    operator = make_user(is_staff=True)
    for _ in range(ROUNDS):
        rental = make_rental()

        outcomes = race(
            lambda rental=rental: claim(rental),
            lambda rental=rental: rental_end_by_operator(
                rental_id=rental.pk, operator=operator, reason="Found it", now=LATER
            ),
        )

        assert outcomes in ({"done": 2}, {"done": 1, "RentalNotActiveError": 1})
        assert ends_once(rental).bike.status == ("available" if outcomes == {"done": 2} else "maintenance")
        assert Claim.objects.filter(rental=rental).count() == 1


def test_one_of_three_claims_at_once_is_made() -> None:
    for _ in range(ROUNDS):
        rental = make_rental()

        outcomes = race(*[lambda rental=rental: claim(rental)] * 3)

        assert outcomes == {"done": 1, "ClaimInProgressError": 2}
        ends_once(rental)
        assert Claim.objects.filter(rental=rental).count() == 1


@pytest.mark.parametrize("others", [None, Correction(amount=Decimal("50.00")), Correction()])
def test_one_of_two_operators_at_once_decides(others: Correction | None) -> None:
    operators = [make_user(is_staff=True) for _ in range(2)]
    for _ in range(ROUNDS):
        row = make_claim(make_returned_rental())

        outcomes = race(
            lambda row=row: decide(row, operators[0], Correction(amount=Decimal("45.00"))),
            lambda row=row: decide(row, operators[1], others),
        )

        assert outcomes == {"done": 1, "ClaimDecidedError": 1}
        row.refresh_from_db()
        entries = Entry.objects.filter(claim_id=row.pk)
        assert [entry.actor_id for entry in entries] == ([row.decided_by_id] if row.status == "accepted" else [])
        assert cost_of_ride(rental_id=row.rental_id) == Decimal("145.00") - (row.adjusted_amount or 0)


def test_a_decision_and_a_waiver_take_off_no_more_than_the_cost() -> None:
    operator = make_user(is_staff=True)
    for number in range(ROUNDS):
        row = make_claim(make_returned_rental())
        booking = Booking(f"form:{number}:{row.pk}", operator.pk, "Waived", LATER)

        outcomes = race(
            lambda row=row: decide(row, operator, Correction(ended_at=NOON)),
            lambda row=row, booking=booking: rental_correct(
                rental_id=row.rental_id, correction=Correction(), booking=booking
            ),
        )

        assert outcomes in ({"done": 2}, {"done": 1, "CorrectionChangesNothingError": 1})
        assert cost_of_ride(rental_id=row.rental_id) == 0


def test_no_words_are_left_of_a_rider_who_goes_meanwhile() -> None:
    for _ in range(ROUNDS):
        rental = make_returned_rental()
        rider = rental.rider

        outcomes = race(
            lambda rental=rental: claim(rental, "other"),
            lambda rider=rider: account_erase(rider=rider, password=PASSWORD, address="192.0.2.10", now=LATER),
        )

        assert outcomes in (Counter(done=2), Counter(done=1, AccountClosedError=1))
        assert not Claim.objects.filter(rental=rental).exclude(text="").exists()


def test_a_claim_waits_for_the_closing_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_returned_rental()

    outcome = interleave(
        monkeypatch,
        "bikerental.accounts.services.user_lock",
        first=lambda: account_erase(rider=rental.rider, password=PASSWORD, address="192.0.2.10", now=LATER),
        second=lambda: claim(rental, "other"),
    )

    assert outcome == (None, "AccountClosedError", True)
    assert not Claim.objects.exists()


def test_the_closing_waits_for_the_claim_that_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rental = make_returned_rental()

    outcome = interleave(
        monkeypatch,
        "bikerental.claims.services.open_user_lock",
        first=lambda: claim(rental, "other"),
        second=lambda: account_erase(rider=rental.rider, password=PASSWORD, address="192.0.2.10", now=LATER),
    )

    assert outcome == (None, None, True)
    assert Claim.objects.get().text == ""
