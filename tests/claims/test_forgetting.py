"""Personal data is erased from claims; metrics count the open claims."""

from datetime import timedelta

import pytest

from bikerental.accounts.services import account_erase
from bikerental.billing.models import Entry
from bikerental.claims.models import Claim
from bikerental.claims.selectors import open_claims_count
from bikerental.claims.services import claim_decide, claims_forget
from bikerental.claims.types import Decision
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental
from bikerental.rentals.types import Correction
from tests.factories import NOON, PASSWORD, make_claim, make_settled_rental, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)


def test_an_erased_riders_texts_go_and_the_claim_stays() -> None:
    rental = make_settled_rental()
    decided = make_claim(rental, text="I live in Elm Street.", latitude=59.9, longitude=30.3)
    decision = Decision("Elm Street it was.", Correction())
    claim_decide(claim_id=decided.pk, decision=decision, operator_id=make_user().pk, now=LATER)
    waiting = make_claim(rental, text="And again.")
    others = make_claim(text="Mine.")
    assert rental.rider is not None

    account_erase(rider=rental.rider, password=PASSWORD, address="192.0.2.10", now=LATER)

    rows = Claim.objects.order_by("pk").values_list("pk", "status", "text", "answer", "latitude")
    assert list(rows) == [
        (decided.pk, "accepted", "", "", None),
        (waiting.pk, "open", "", "", None),
        (others.pk, "open", "Mine.", "", None),
    ]
    assert "Elm" not in str(Notification.objects.values_list("context", flat=True))


def test_claims_about_anonymous_rides_are_deleted() -> None:
    old, kept = make_claim(), make_claim()
    Rental.objects.filter(pk=old.rental_id).update(rider=None, start_station=None, end_station=None)

    assert claims_forget() == 1

    assert list(Claim.objects.all()) == [kept]
    assert Entry.objects.filter(rental_id=old.rental_id).exists()


def test_metrics_count_open_claims_and_their_age() -> None:
    assert open_claims_count(now=NOON) == {"bikerental_claims_open": 0, "bikerental_claims_oldest_age_seconds": 0}

    make_claim(created_at=NOON - timedelta(minutes=10))
    make_claim(created_at=NOON - timedelta(minutes=1))
    make_claim(status="rejected", decided_at=NOON, decided_by=make_user(), created_at=NOON - timedelta(days=1))

    assert open_claims_count(now=NOON) == {"bikerental_claims_open": 2, "bikerental_claims_oldest_age_seconds": 600}
