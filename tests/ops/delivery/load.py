"""A constant load through the proxy. Every answer is compared with the correct one."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import requests

from tests.support.threads import until_set

CLIENTS = 4
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60


class Load:
    """Counts the answers, and keeps the wrong ones."""

    def __init__(self, url: str, authority: str, token: str) -> None:
        self.url = url
        self.authority = authority
        self.headers = {"Authorization": f"Bearer {token}"}
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._over = threading.Event()

    def client(self, number: int) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self.authority
        session.headers.update(self.headers)
        if number % 2:  # half of the clients keep their connection, half open one for each request
            session.headers["Connection"] = "close"
        return session

    def drive(self, number: int) -> None:
        session = self.client(number)
        while not self._over.is_set():
            self.ask(session, "GET", "/api/v1/bikes/?page_size=1", 200)
            # There is no bike of that number: a write that must not be sent twice and changes nothing.
            self.ask(session, "POST", "/api/v1/rentals/", 404)
            time.sleep(PAUSE_SECONDS)

    def ask(self, session: requests.Session, method: str, path: str, wanted: int) -> None:
        body = {"bike_number": "NO-SUCH-BIKE"} if method == "POST" else None
        started = time.strftime("%H:%M:%S")
        try:
            answer = session.request(method, self.url + path, json=body, timeout=PATIENCE_SECONDS)
        except requests.RequestException as error:
            self.failures.append(f"{started} {method} {error!r}")
            return
        self.answers[f"{method} {answer.status_code}"] += 1
        if answer.status_code != wanted:
            self.failures.append(f"{started} {method} {answer.status_code} {answer.text[:200]}")

    @contextmanager
    def running(self) -> Iterator["Load"]:
        with until_set(self._over, *(partial(self.drive, number) for number in range(CLIENTS))):
            yield self
