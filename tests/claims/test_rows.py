"""What the database refuses of a claim, whatever the code does."""

from typing import Any

import pytest
from django.db import IntegrityError

from bikerental.claims.models import Claim
from bikerental.core.db.transactions import constraint_name
from tests.factories import NOON, make_claim, make_station, make_user

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPTED = {"status": "accepted", "decided_at": NOON, "adjusted_amount": 1}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"kind": "odd"}, "claim_kind_known"),
        ({"status": "odd", "decided_at": NOON}, "claim_status_known"),
        ({"status": "rejected"}, "claim_decided_by_somebody"),
        ({"decided_at": NOON}, "claim_decided_by_somebody"),
        ({"answer": "Yes."}, "claim_decided_by_somebody"),
        (ACCEPTED | {"adjusted_amount": None}, "claim_accepted_takes_off"),
        (ACCEPTED | {"adjusted_amount": 0}, "claim_accepted_takes_off"),
        (ACCEPTED | {"status": "rejected"}, "claim_accepted_takes_off"),
        ({"corrected_end": NOON}, "claim_accepted_takes_off"),
        ({"latitude": 59.9}, "claim_of_one_place"),
        ({"longitude": 30.3}, "claim_of_one_place"),
    ],
)
def test_the_database_refuses(fields: dict[str, Any], name: str) -> None:
    claim = make_claim()
    if fields.get("decided_at") and "status" in fields:
        fields = fields | {"decided_by": make_user(is_staff=True)}

    with pytest.raises(IntegrityError) as caught:
        Claim.objects.filter(pk=claim.pk).update(**fields)

    assert constraint_name(caught.value) == name


def test_a_claim_is_of_a_station_or_a_point() -> None:
    claim = make_claim(station=make_station())

    with pytest.raises(IntegrityError, match="claim_of_one_place"):
        Claim.objects.filter(pk=claim.pk).update(latitude=59.9, longitude=30.3)


def test_the_database_keeps_one_open_claim_a_ride() -> None:
    claim = make_claim()

    with pytest.raises(IntegrityError, match="claim_one_open_a_ride"):
        make_claim(claim.rental)
