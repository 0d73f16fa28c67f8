"""Riders who rent and return as a phone does: with idempotency keys, repeated until there is an answer."""

import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import requests

TIMEOUT_SECONDS = (3.0, 12.0)
PATIENCE_SECONDS = 120
# About five rides a second from eight riders: the tests are about faults, not about speed.
RIDE_SECONDS = (0.4, 1.2)
PAUSE_SECONDS = (0.3, 0.9)
AGAIN_CODES = {"request_in_progress"}


@dataclass
class Attempt:
    """One request. `outcome` is the status, or the kind of connection error."""

    phase: str
    outcome: str
    seconds: float
    ended_at: float
    is_again: bool
    is_replay: bool = False

    @property
    def is_fine(self) -> bool:
        return self.outcome in {"200", "201"}


@dataclass
class Ledger:
    """The answers that the riders got."""

    phase: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    started: dict[str, dict[str, object]] = field(default_factory=dict)  # by ride: the body of the 201
    returned: dict[str, dict[str, object]] = field(default_factory=dict)  # by ride: the body of the 200
    rider_of: dict[str, str] = field(default_factory=dict)
    granted_keys: list[str] = field(default_factory=list)
    refused_keys: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def of(self, phase: str) -> list[Attempt]:
        return [attempt for attempt in list(self.attempts) if attempt.phase == phase]

    def outcomes(self, phase: str) -> Counter[str]:
        return Counter(attempt.outcome for attempt in self.of(phase))


class Rider(threading.Thread):
    def __init__(self, token: str, *, addresses: Sequence[str], bikes: Sequence[str], ledger: Ledger) -> None:
        super().__init__(name="rider", daemon=True)
        self.token, self.addresses, self.bikes, self.ledger = token, addresses, bikes, ledger
        self.id = subject_of(token)
        self.session = requests.Session()
        self.is_asked_to_end = threading.Event()

    def run(self) -> None:
        with self.session:
            while not self.is_asked_to_end.is_set():
                self.ride()

    def ride(self) -> None:
        key = str(uuid4())
        answer = self.ask("rentals/", {"bike_number": random.choice(self.bikes)}, key)
        if answer is None:
            return
        if answer.status_code == 409 and answer.json()["code"] == "bike_unavailable":
            self.ledger.refused_keys.append(key)
            time.sleep(random.uniform(*PAUSE_SECONDS))
            return
        if answer.status_code != 201:
            self.ledger.odd.append(f"rent: {answer.status_code} {answer.text[:200]}")
            return
        ride = answer.json()
        self.ledger.rider_of[ride["id"]] = self.id
        self.ledger.started[ride["id"]] = ride
        self.ledger.granted_keys.append(key)
        time.sleep(random.uniform(*RIDE_SECONDS))
        key = str(uuid4())
        answer = self.ask(f"rentals/{ride['id']}/return/", {}, key)
        if answer is None:
            return
        if answer.status_code != 200:
            self.ledger.odd.append(f"return: {answer.status_code} {answer.text[:200]}")
            return
        self.ledger.returned[ride["id"]] = answer.json()
        self.ledger.granted_keys.append(key)
        time.sleep(random.uniform(*PAUSE_SECONDS))

    def ask(self, path: str, body: object, key: str) -> requests.Response | None:
        """Send the request until an answer accepts or refuses it, with the same key each time."""
        begun = time.monotonic()
        for number in range(1000):
            answer = self.attempt(path, body, key, is_again=number > 0)
            if answer is not None and answer.status_code < 500 and not is_wait(answer):
                return answer
            if time.monotonic() - begun > PATIENCE_SECONDS:
                break
            time.sleep(random.uniform(0.5, 1.0) * min(1.0, 0.1 * 2**number))
        self.ledger.odd.append(f"{path}: no answer in {PATIENCE_SECONDS} s")
        return None

    def attempt(self, path: str, body: object, key: str, *, is_again: bool) -> requests.Response | None:
        url = f"{random.choice(self.addresses)}/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        phase, begun = self.ledger.phase, time.monotonic()
        answer = None
        try:
            answer = self.session.post(url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
            outcome = str(answer.status_code)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            outcome = "timeout" if isinstance(error, requests.Timeout) else "broken"
            self.session.close()
        ended = time.monotonic()
        replayed = answer is not None and "Idempotent-Replayed" in answer.headers
        self.ledger.attempts.append(Attempt(phase, outcome, ended - begun, ended, is_again, replayed))
        return answer


def is_wait(answer: requests.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] in AGAIN_CODES


def subject_of(token: str) -> str:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    subject: str = claims["sub"]
    return subject


@contextmanager
def riding(riders: Sequence[Rider]) -> Iterator[None]:
    """Let the riders ride during the block. At its end each returns the bike and knows the result."""
    for rider in riders:
        rider.start()
    try:
        yield
    finally:
        for rider in riders:
            rider.is_asked_to_end.set()
        for rider in riders:
            rider.join(PATIENCE_SECONDS + 30)
