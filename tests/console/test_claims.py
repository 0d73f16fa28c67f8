"""Claims in the console: the queue, the evidence, and the decision."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bikerental.billing.models import Entry
from bikerental.claims.models import Claim
from bikerental.console.models import Action
from tests.console.conftest import browser_of
from tests.console.forms import fields_of, words_of
from tests.factories import NOON, make_claim, make_returned_rental, make_settled_rental

pytestmark = pytest.mark.django_db
CLAIMS = "/admin/console/claims/"


def decide(client: Client, claim: Claim, **fields: str) -> Any:
    """Send the form twice: the first answer shows the price, the second one decides."""
    page = f"{CLAIMS}{claim.pk}/"
    form = fields_of(client, page) | {"reason": "the dock shows it"} | fields
    shown = client.post(page, form).content.decode()
    form["shown"] = next(iter(re.findall(r'name="shown" value="([^"]*)"', shown)), "")
    return client.post(page, form, follow=True)


def test_the_oldest_claim_is_first(support: Client) -> None:
    claims = [make_claim(created_at=NOON - timedelta(hours=hours)) for hours in (1, 3, 2)]
    make_claim(status="rejected", decided_at=NOON, decided_by=support.operator)

    page = support.get(CLAIMS).content.decode().partition("Decided lately")[0]

    assert re.findall(r"claims/([0-9a-f-]{36})/", page) == [str(claims[index].pk) for index in (1, 2, 0)]


def test_a_claim_is_shown_with_its_evidence(support: Client) -> None:
    ride = make_settled_rental()
    claim = make_claim(ride, text="I left it at ten past", ended_at=NOON + timedelta(minutes=10))
    other = make_claim(make_settled_rental(rider=ride.rider), status="rejected", decided_at=NOON,
                       decided_by=support.operator)  # fmt: skip
    later = make_returned_rental(bike=ride.bike, started_at=NOON + timedelta(hours=2))

    with CaptureQueriesContext(connection) as captured:
        page = support.get(f"{CLAIMS}{claim.pk}/").content.decode()

    for told in (
        "I left it at ten past",
        f"/claims/{other.pk}/",
        f"/ride/{later.pk}/",
        "the end that the rider claims",
    ):
        assert told in page, told
    rows = re.findall(r'(\d+)</td><td class="number">([\d.]+)\N{NO-BREAK SPACE}RUB</td><td>([^<]+)', page)
    assert [row[:2] for row in rows if row[2] == "the end that the rider claims"] == [("10", "100.00")]
    assert rows[-1] == ("19", "145.00", "the recorded end")
    assert len(captured) <= 17, [query["sql"][:100] for query in captured]


@pytest.mark.parametrize(
    ("fields", "status", "cost"),
    [
        ({"how": "end", "ended_at": "2026-06-15T15:10"}, "accepted", "100.00"),
        ({"how": "amount", "amount": "45"}, "accepted", "100.00"),
        ({"how": "no"}, "rejected", "145.00"),
    ],
)
def test_a_claim_is_decided(support: Client, fields: dict[str, str], status: str, cost: str) -> None:
    claim = make_claim()

    answer = decide(support, claim, **fields)

    claim.refresh_from_db()
    action = Action.objects.get()
    assert words_of(answer) == ["Decided; the rider is told."]
    assert (claim.status, claim.decided_by) == (status, support.operator)
    assert (action.kind, action.claim_id, action.rental_id, action.details["cost"]) == (
        "claim_decided", claim.pk, claim.rental_id, cost,
    )  # fmt: skip


def test_the_first_click_decides_nothing(support: Client) -> None:
    claim = make_claim()
    page = f"{CLAIMS}{claim.pk}/"

    support.post(page, fields_of(support, page) | {"how": "all", "reason": "because"})

    claim.refresh_from_db()
    assert (claim.status, Entry.objects.filter(kind="adjustment").count()) == ("open", 0)


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_operators_is_told() -> None:
    first, second, claim = browser_of("support"), browser_of("support"), make_claim()
    page = f"{CLAIMS}{claim.pk}/"
    form = fields_of(second, page) | {"how": "no", "reason": "no proof", "shown": "145.00"}

    decide(first, claim, how="all")
    answer = second.post(page, form, follow=True)

    claim.refresh_from_db()
    assert words_of(answer) == ["This claim has been decided already. Nothing was changed."]
    assert (claim.status, claim.decided_by, Action.objects.count()) == ("accepted", first.operator, 1)
    assert "the dock shows it" in answer.content.decode()


def test_view_rights_alone_decide_nothing(manager: Client) -> None:
    claim = make_claim()
    manager.operator.groups.clear()
    looks = ["view_claim", "view_rental", "view_user"]
    manager.operator.user_permissions.set(Permission.objects.filter(codename__in=looks))

    page = manager.get(f"{CLAIMS}{claim.pk}/")

    assert (page.status_code, b"Show the price first" in page.content) == (200, False)
    assert manager.post(f"{CLAIMS}{claim.pk}/", {"how": "no", "reason": "x"}).status_code == 403
