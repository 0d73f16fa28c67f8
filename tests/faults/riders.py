"""Riders who hold, rent, cancel, return and claim as a phone does: with idempotency keys, until there is an answer."""

import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
# How often a rider holds the bike first, takes the ride back, disputes it.
HOLDS, CANCELS, CLAIMS = 0.4, 0.2, 0.2


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
    cancelled: set[str] = field(default_factory=set)  # those of them that were taken back
    held: set[str] = field(default_factory=set)  # ids of reservations
    claimed: set[str] = field(default_factory=set)  # ids of rides
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
        bike = random.choice(self.bikes)
        if random.random() < HOLDS:
            hold = self.say("reservations/", {"bike_number": bike}, refusals={"bike_unavailable"})
            if hold is None:
                return
            self.ledger.held.add(str(hold["id"]))
            time.sleep(random.uniform(*PAUSE_SECONDS))
        ride = self.say("rentals/", {"bike_number": bike}, refusals={"bike_unavailable"})
        if ride is None:
            return
        ride_id = str(ride["id"])
        self.ledger.rider_of[ride_id] = self.id
        self.ledger.started[ride_id] = ride
        time.sleep(random.uniform(*RIDE_SECONDS))
        self.end(ride_id)
        if random.random() < CLAIMS:
            self.say(f"rentals/{ride_id}/claims/", {"kind": "wrong_charge", "text": "too much"})
            self.ledger.claimed.add(ride_id)
        time.sleep(random.uniform(*PAUSE_SECONDS))

    def end(self, ride_id: str) -> None:
        ended = None
        if random.random() < CANCELS:
            # Refused when it took too long.
            reason = {"reason": "other"}
            ended = self.say(f"rentals/{ride_id}/cancel/", reason, refusals={"cancel_not_allowed"})
            if ended is not None:
                self.ledger.cancelled.add(ride_id)
        if ended is None:
            ended = self.say(f"rentals/{ride_id}/return/", {})
        if ended is not None:
            self.ledger.returned[ride_id] = ended

    def say(self, path: str, body: object, *, refusals: Collection[str] = ()) -> dict[str, object] | None:
        """The body of the answer, or None after one of these refusals, or after an answer that is noted as odd."""
        key = str(uuid4())
        answer = self.ask(path, body, key)
        if answer is None:
            return None
        if answer.status_code == 409 and answer.json()["code"] in refusals:
            self.ledger.refused_keys.append(key)
            time.sleep(random.uniform(*PAUSE_SECONDS))
            return None
        if answer.status_code not in {200, 201}:
            self.ledger.odd.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            return None
        self.ledger.granted_keys.append(key)
        found: dict[str, object] = answer.json()
        return found

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
