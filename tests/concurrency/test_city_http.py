"""Races of reservations, cancellations, claims and zones over real HTTP, against two web processes.

After each race one has won, and the losers' answers have documented codes; after each test `reconcile` finds nothing
and the ledger adds up to zero. Each race is run 10,000 times with LONG=1, and as often as RACES says.

Each fails within 60 races without its protection. Where two protect, it fails without both: a hold against a rent
(the bike's lock, and the compare-and-swap of its state), two decisions (the ride's lock, and the key of the ledger's
entry), two claims (the ride's lock, and the unique index), an erasure (the user's lock, and that the account closes
before the holds end).
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from json import dumps
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import requests
from django.conf import settings
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bikerental.billing.models import Entry, Posting
from bikerental.claims.models import Claim
from bikerental.fleet.models import Bike, BikeEvent
from bikerental.rentals.models import Rental, RentalEvent, Reservation
from bikerental.rentals.reconciliation import Window, reconcile
from bikerental.rentals.services import rental_start, rentals_settle, reservations_expire
from bikerental.users.models import User
from bikerental.users.services import access_tokens_issue
from bikerental.zones.models import Zone
from tests.factories import PASSWORD, make_bike, make_claim, make_settled_rental, make_user
from tests.lengths import races
from tests.support.threads import at_once
from tests.zones.drawing import polygon, square

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = races(12)
TIMEOUT_SECONDS = 60
CSRF = "t" * 32  # any, as long as cookie and form agree
PARK = polygon(square(30.3, 59.92, 30.32, 59.94))

Act = Callable[[], Any]


class Answer(NamedTuple):
    status: int
    code: str | None = None


class Door:
    """The web server, as riders and operators reach it. Connections stay open, one for each side of a race."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sessions = [requests.Session() for _ in range(4)]
        self.cookies: dict[User, dict[str, str]] = {}

    def rider(self) -> "Rider":
        user = make_user()
        [token] = access_tokens_issue(user_ids=[user.pk], lifetime=timedelta(hours=1), now=timezone.now())
        return Rider(user, {"Authorization": f"Bearer {token}"})

    def call(self, side: int, rider: "Rider", method: str, path: str, **body: object) -> Act:
        def act() -> Answer:
            answer = self.sessions[side].request(
                method, f"{self.address}/api/v1/{path}", headers=rider.headers, json=body, timeout=TIMEOUT_SECONDS
            )
            return Answer(answer.status_code, None if answer.ok else answer.json()["code"])

        return act

    def operator(self) -> User:
        user = make_user(is_staff=True, is_superuser=True)
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.cookies[user] = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: CSRF}
        return user

    def post_form(self, operator: User, path: str, **fields: object) -> Act:
        """A refusal shows the form or the list again, so what counts is in the database."""
        form = {"csrfmiddlewaretoken": CSRF, **fields}

        def act() -> Answer:
            answer = requests.post(
                f"{self.address}{path}",
                data=form,
                cookies=self.cookies[operator],
                allow_redirects=False,
                timeout=TIMEOUT_SECONDS,
            )
            assert answer.status_code in (200, 302), answer.text
            return Answer(answer.status_code)

        return act


class Rider(NamedTuple):
    user: User
    headers: dict[str, str]


@pytest.fixture
def door(server: str, transactional_db: None) -> Iterator[Door]:
    yield Door(server)
    require_sound_books()


def require_sound_books() -> None:
    now = timezone.now()
    returned = Rental.objects.filter(status="returned")
    while pks := list(returned.values_list("pk", flat=True)[:500]):
        rentals_settle(rental_ids=pks, now=now)
    # Nothing sends the receipts, and a long run lasts an hour.
    findings = reconcile(Window(now=timezone.now(), grace=timedelta(days=1)))
    assert [found for found in findings if found.rows] == []
    sums = Posting.objects.values("account__currency").annotate(sum=Sum("amount"))
    assert not sums.exclude(sum=0).exists()


class Race:
    """Runs acts at once. Each begins at a random moment of the time that the longest took before: a short call then
    meets each part of a long one, and each of them comes first now and then."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *acts: Act) -> list[Any]:
        begins = [random.uniform(0, self.seconds) for _ in acts]

        def run(number: int) -> tuple[Any, float]:
            time.sleep(begins[number])
            begun = time.monotonic()
            return acts[number](), time.monotonic() - begun

        ended = at_once(run, times=len(acts))
        self.seconds = max(seconds for _answer, seconds in ended)
        return [answer for answer, _seconds in ended]


@pytest.fixture
def race() -> Race:
    return Race()


def require_agreement(bike: Bike) -> str:
    """Bike, reservations, rides and log say the same; the bike's state."""
    bike.refresh_from_db()
    assert Reservation.objects.filter(bike=bike, status="active").count() == (bike.status == "reserved")
    assert Rental.objects.filter(bike=bike, status="active").count() == (bike.status == "rented")
    assert BikeEvent.objects.filter(bike=bike).latest("id").state == bike.status
    return bike.status


def riding(rider: Rider, bike: Bike) -> Rental:
    rental_start(rider_id=rider.user.pk, bike_id=bike.pk, now=timezone.now())
    return Rental.objects.get(bike=bike, status="active")


@pytest.fixture
def bikes(transactional_db: None) -> Iterator[Bike]:
    def made() -> Iterator[Bike]:
        first = make_bike()
        yield first
        while True:
            yield make_bike(model=first.model, tariff=first.tariff)

    return made()


WON, LOST, REFUSED = Answer(201), Answer(409, "bike_unavailable"), Answer(409, "return_not_allowed")


def test_three_riders_hold_one_bike(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike = next(bikes)

        answers = race(
            *(door.call(side, door.rider(), "POST", "reservations/", bike=str(bike.pk)) for side in range(3))
        )

        assert sorted(answers) == [WON, LOST, LOST]
        assert require_agreement(bike) == "reserved"


def test_a_hold_against_a_rent(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike = next(bikes)

        answers = race(
            door.call(0, door.rider(), "POST", "reservations/", bike=str(bike.pk)),
            door.call(1, door.rider(), "POST", "rentals/", bike=str(bike.pk)),
        )

        assert sorted(answers) == [WON, LOST]
        assert require_agreement(bike) == ("reserved" if answers[0] == WON else "rented")


def test_a_hold_that_runs_out_against_rents(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    """Its rider and another one rent while it runs out and the sweep comes by."""
    for number in range(TIMES):
        bike, holder, other = next(bikes), door.rider(), door.rider()
        assert door.call(0, holder, "POST", "reservations/", bike=str(bike.pk))() == WON
        ends = timezone.now() + timedelta(milliseconds=(0, 10, 30, 100)[number % 4])
        Reservation.objects.filter(bike=bike).update(created_at=ends - timedelta(minutes=1), expires_at=ends)

        answers = race(
            door.call(0, holder, "POST", "rentals/", bike=str(bike.pk)),
            door.call(1, other, "POST", "rentals/", bike=str(bike.pk)),
            lambda: reservations_expire(now=timezone.now()),
        )

        assert sorted(answers[:2]) == [WON, LOST]
        assert require_agreement(bike) == "rented"
        hold, ride = Reservation.objects.get(bike=bike), Rental.objects.get(bike=bike)
        assert hold.status == "expired" or (hold.status, ride.rider_id) == ("used", holder.user.pk)


def test_a_cancellation_against_a_return(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()
        ride = riding(rider, bike)

        answers = race(
            door.call(0, rider, "POST", f"rentals/{ride.pk}/cancel/", reason="other", text=""),
            door.call(1, rider, "POST", f"rentals/{ride.pk}/return/"),
        )

        assert sorted(answers) == [Answer(200), Answer(409, "rental_not_active")]
        ride.refresh_from_db()
        assert ride.is_cancelled == (answers[0].status == 200)
        assert RentalEvent.objects.filter(rental=ride, kind__in=["returned", "cancelled"]).count() == 1
        assert require_agreement(bike) == "available"


def test_a_claim_against_a_return(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()
        ride = riding(rider, bike)

        claim, ended = race(
            door.call(0, rider, "POST", f"rentals/{ride.pk}/claims/", kind="returned_earlier", text="I locked it."),
            door.call(1, rider, "POST", f"rentals/{ride.pk}/return/"),
        )

        assert claim == WON
        assert ended in (Answer(200), Answer(409, "rental_not_active"))
        assert require_agreement(bike) == ("available" if ended.status == 200 else "maintenance")
        assert RentalEvent.objects.filter(rental=ride, kind="returned").count() == 1


def test_a_claim_against_an_operators_end(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    operator = door.operator()
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()
        ride = riding(rider, bike)

        claim, _page = race(
            door.call(0, rider, "POST", f"rentals/{ride.pk}/claims/", kind="returned_earlier", text="I locked it."),
            door.post_form(
                operator, reverse("admin:rentals_rental_end", args=[ride.pk]), place="taken", reason="Found it."
            ),
        )

        assert claim == WON
        ended = RentalEvent.objects.get(rental=ride, kind__in=["returned", "ended_by_operator"])
        assert require_agreement(bike) == ("available" if ended.kind == "ended_by_operator" else "maintenance")


def test_two_decisions_of_one_claim(door: Door, race: Race) -> None:
    operators = door.operator(), door.operator()
    for _ in range(TIMES):
        claim = make_claim(make_settled_rental())
        page = reverse("admin:claims_claim_decide", args=[claim.pk])

        race(
            door.post_form(operators[0], page, key=str(uuid4()), how="amount", amount="45.00", reason="Half of it."),
            door.post_form(operators[1], page, key=str(uuid4()), how="amount", amount="50.00", reason="A bit more."),
        )

        claim.refresh_from_db()
        entry = Entry.objects.get(claim_id=claim.pk)
        assert (claim.status, claim.decided_by_id, claim.answer) == ("accepted", entry.actor_id, entry.reason)
        assert (claim.answer == "Half of it.") == (claim.decided_by_id == operators[0].pk)


def test_a_zone_that_is_drawn_while_a_ride_ends(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    operator = door.operator()
    zone = {"name": "Park", "kind": "no_return", "is_active": "on", "shape": dumps(PARK)}
    page = reverse("admin:zones_zone_add")
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()
        ride = riding(rider, bike)
        there = {"latitude": 59.93, "longitude": 30.31}

        ended, _page = race(
            door.call(0, rider, "POST", f"rentals/{ride.pk}/return/", **there),
            door.post_form(operator, page, **zone),
        )

        assert ended in (Answer(200), REFUSED)
        assert require_agreement(bike) == ("available" if ended.status == 200 else "rented")
        assert RentalEvent.objects.filter(rental=ride, kind="returned").count() == (ended.status == 200)
        # From now on the zone holds in each process.
        if ended.status == 200:
            ride = riding(rider, bike)
        returns = [door.call(side, rider, "POST", f"rentals/{ride.pk}/return/", **there) for side in range(4)]
        assert [end() for end in returns] == [REFUSED] * 4
        Zone.objects.get().delete()
        assert returns[0]() == Answer(200)


def test_a_hold_under_an_erased_account(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()

        closed, held = race(
            door.call(0, rider, "DELETE", "me/", password=PASSWORD),
            door.call(1, rider, "POST", "reservations/", bike=str(bike.pk)),
        )

        assert closed == Answer(204)
        assert held in (WON, Answer(401, "token_invalid"))
        bike.refresh_from_db()
        assert bike.status == "available"
        assert not Reservation.objects.filter(bike=bike, status="active").exists()


def test_each_claim_of_a_race_is_there_once(door: Door, bikes: Iterator[Bike], race: Race) -> None:
    for _ in range(TIMES):
        bike, rider = next(bikes), door.rider()
        ride = riding(rider, bike)
        claim = {"kind": "returned_earlier", "text": "I locked it."}

        answers = race(*(door.call(side, rider, "POST", f"rentals/{ride.pk}/claims/", **claim) for side in range(2)))

        assert sorted(answers) == [WON, Answer(409, "claim_in_progress")]
        assert Claim.objects.filter(rental=ride).count() == 1
