"""A rider's requests to the API. Each wait is bounded, and a repeated request has the first one's idempotency key."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from random import Random
from threading import Lock
from typing import Any, NamedTuple
from uuid import uuid4

import urllib3

from bikerental.demo.simulation.clock import Clock

CONNECTIONS = 16  # at once, of all riders together
TIMEOUT = urllib3.Timeout(connect=5, read=20)
ATTEMPTS = 6
BACK_OFF_SECONDS, BACK_OFF_MAX = 0.5, 20.0
RETRY_STATUSES = {429, 503}


class Tally:
    """What riders did, and what was refused, by code. Their threads share it."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._lock = Lock()

    def count_done(self, what: str, times: int = 1) -> None:
        with self._lock:
            self.done[what] += times

    def count_error(self, code: str) -> None:
        with self._lock:
            self.errors[code] += 1

    def counts(self) -> tuple[Counter[str], Counter[str]]:
        """What was done, and what was refused, as of now."""
        with self._lock:
            return self.done.copy(), self.errors.copy()


class Answer(NamedTuple):
    status: int
    body: Any
    retry_after: float = 0.0

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Of an answer that is not good."""
        if not isinstance(self.body, dict):
            return f"status {self.status}"
        faults = self.body.get("errors") or [{}]
        return str(faults[0].get("code") or self.body.get("code") or f"status {self.status}")


class RefusedError(Exception):
    """The service refused. The error's text is the refusal's code."""


class UnansweredError(Exception):
    """The service did not answer several attempts. It may have done what was requested."""


class Api:
    """:param url: of the service, without the path"""

    def __init__(self, url: str, *, clock: Clock, tally: Tally) -> None:
        self._base = f"{url.rstrip('/')}/api/v1/"
        self._clock = clock
        self._tally = tally
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, block=True, timeout=TIMEOUT, retries=False)
        self._chance = Random()  # noqa: S311 - spreads repetitions; not the riders' choices

    def is_reachable(self) -> bool:
        """Whether the service answers, asked once."""
        answer = self._once("GET", "stations/?page_size=1", {}, None)
        return answer is not None and isinstance(answer.body, dict)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Mapping[str, Any] | None = None,
        expected: Collection[str] = (),
    ) -> Answer:
        """Send the request, again if the service is busy, and return the answer.

        :param path: after /api/v1/, or the whole address of a next page
        :param expected: the codes of refusals that are returned, and not counted as errors
        :raises RefusedError: for another refusal
        :raises UnansweredError: if the service does not answer or is too busy for long
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        for attempt in range(ATTEMPTS):
            answer = self._once(method, path, headers, body)
            if answer is not None and answer.status not in RETRY_STATUSES and answer.code != "request_in_progress":
                return self._checked(answer, expected)
            self._tally.count_error(answer.code if answer else "no answer")
            wait = max(answer.retry_after if answer else 0.0, self._back_off(attempt))
            if attempt + 1 == ATTEMPTS or wait > BACK_OFF_MAX or self._clock.ending_seconds < 0:
                break
            self._clock.back_off(wait)
        raise UnansweredError

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer | None:
        self._tally.count_done("requests")
        address = path if path.startswith("http") else self._base + path
        content = None if body is None else json.dumps(body).encode()
        try:
            response = self._pool.request(method, address, headers=headers, body=content, redirect=False)
        except urllib3.exceptions.HTTPError:
            return None
        return Answer(response.status, read_json(response.data), seconds_of(response.headers.get("Retry-After", "")))

    def _checked(self, answer: Answer, expected: Collection[str]) -> Answer:
        is_read = answer.status == 204 or isinstance(answer.body, dict)  # an odd proxy answers 200 with a page
        if is_read and (answer.is_good or answer.code in expected):
            return answer
        self._tally.count_error(answer.code)
        raise RefusedError(answer.code)

    def _back_off(self, attempt: int) -> float:
        return float(min(BACK_OFF_MAX, BACK_OFF_SECONDS * 2**attempt) * self._chance.uniform(0.5, 1.0))


def read_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def seconds_of(header: str) -> float:
    return float(header) if header.isascii() and header.isdecimal() else 0.0
