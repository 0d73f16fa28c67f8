"""Several riders rent the same bike over real HTTP: exactly one succeeds. 10,000 times with LONG=1."""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from bikerental.rentals.models import Rental
from bikerental.users.services import access_tokens_issue
from tests.factories import make_bike, make_user
from tests.lengths import races

pytestmark = pytest.mark.django_db(transaction=True)
CONTESTS = races(200)
LANES, RIVALS = 2, 3
TIMEOUT_SECONDS = 60


class Lane:
    """One bike and the riders who want it, each with a connection of its own."""

    def __init__(self, address: str, tokens: list[str], bike: str) -> None:
        self.address, self.bike = address, bike
        self.sessions = [requests.Session() for _ in tokens]
        for session, token in zip(self.sessions, tokens, strict=True):
            session.headers["Authorization"] = f"Bearer {token}"
        self.statuses: Counter[int] = Counter()
        self.pool = ThreadPoolExecutor(len(tokens))

    def contest(self) -> None:
        """All rent at once. The winner returns the bike."""
        answers = list(self.pool.map(self.rent, self.sessions))
        outcome = Counter(answer.status_code for answer in answers)
        assert outcome == {201: 1, 409: len(answers) - 1}, [answer.text for answer in answers]
        self.statuses += outcome
        for session, answer in zip(self.sessions, answers, strict=True):
            if answer.status_code == 201:
                url = f"{self.address}rentals/{answer.json()['id']}/return/"
                assert session.post(url, json={}, timeout=TIMEOUT_SECONDS).status_code == 200

    def close(self) -> None:
        self.pool.shutdown()
        for session in self.sessions:
            session.close()

    def rent(self, session: requests.Session) -> requests.Response:
        return session.post(f"{self.address}rentals/", json={"bike": self.bike}, timeout=TIMEOUT_SECONDS)


def test_every_contested_rent_has_one_winner(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    lanes = []
    for _ in range(LANES):
        riders = [make_user().pk for _ in range(RIVALS)]
        tokens = access_tokens_issue(user_ids=riders, lifetime=timedelta(hours=5), now=timezone.now())
        lanes.append(Lane(address, tokens, str(make_bike().pk)))
    started = time.monotonic()

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lambda lane: [lane.contest() for _ in range(CONTESTS // LANES)], lanes))

    seconds = time.monotonic() - started
    for lane in lanes:
        lane.close()
    with capsys.disabled():
        sys.stdout.write(f"\n{CONTESTS:,} contests of {RIVALS} riders: one winner each, {seconds:.0f} s\n")
    assert sum((lane.statuses for lane in lanes), Counter()) == {201: CONTESTS, 409: CONTESTS * (RIVALS - 1)}
    assert Rental.objects.count() == CONTESTS
    assert not Rental.objects.filter(status="active").exists()
