"""Neither an answer nor its time reveals whether there is an account.

Over HTTP, with the real password hash. The kinds of e-mail are asked in turn and compared turn by turn, so that other
load on the machine slows all of them. `ENUMERATION_TRIES=200` is the long run, with a limit of 10 %. Only registration
reveals that an e-mail is taken: docs/architecture/decisions/0022-registration-reveals-emails.md.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import requests

from bikerental.users.hashers import OwaspArgon2PasswordHasher
from bikerental.users.models import User
from tests.factories import NOON, PASSWORD
from tests.live import web_server
from tests.users.calls import REGISTER, TOKEN

RESET = "/api/v1/auth/password/reset/"
TRIES = int(os.environ.get("ENUMERATION_TRIES", "15"))
# An answer without a hash is several times as fast, so a few tries on a busy machine are enough to see it.
RATIO_MAX = 1.1 if TRIES >= 200 else 2.0
KINDS = ("unknown", "open", "closed")

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
Body = Callable[[str], dict[str, str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    hashed = OwaspArgon2PasswordHasher().encode(PASSWORD, "a" * 22)  # a shorter salt would make Django hash again
    User.objects.bulk_create(
        User(
            email=email_of(kind, number),
            name="Rider",
            language="en",
            created_at=NOON,
            password=hashed,
            is_active=kind == "open",
        )
        for number in range(TRIES + 1)
        for kind in ("open", "closed")
    )
    real = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "DJANGO_DEBUG": "false", "EMAIL_URL": "consolemail://"}
    with web_server(tmp_path / "web.log", processes=1, NUM_PROXIES="1", **real) as address:
        yield address


def email_of(kind: str, number: int) -> str:
    return f"{kind:x>8}-{number:04}@example.org"


class Asked:
    """The answers for each kind of e-mail, and the time of each."""

    def __init__(self, server: str, path: str, body: Body) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {kind: [] for kind in KINDS}
        self.seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
        with requests.Session() as session:
            for number in range(TRIES + 1):
                for turn in range(len(KINDS)):
                    kind = KINDS[(turn + number) % len(KINDS)]
                    self._ask(session, server + path, kind, number, body)
        for seconds in self.seconds.values():
            del seconds[0]  # the first one opens connections and prepares statements

    def _ask(self, session: requests.Session, url: str, kind: str, number: int, body: Body) -> None:
        # From a new address each time, so that no delay for guessing applies.
        headers = {"X-Forwarded-For": f"203.0.{number // 250}.{number % 250 + 1}"}
        started = time.perf_counter()
        answer = session.post(url, json=body(email_of(kind, number)), headers=headers, timeout=60)
        self.seconds[kind].append(time.perf_counter() - started)
        said = answer.json()
        said.pop("request_id", None)
        self.answers[kind].append((answer.status_code, said))

    def ratio(self, kind: str, other: str) -> float:
        """The median, over all turns, of the ratio of the two times."""
        return median(one / two for one, two in zip(self.seconds[kind], self.seconds[other], strict=True))

    def check(self, what: str, status: int) -> None:
        medians = ", ".join(f"{kind} {median(self.seconds[kind]) * 1000:.1f} ms" for kind in KINDS)
        ratios = [self.ratio(kind, "open") for kind in ("unknown", "closed")]
        shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        sys.stdout.write(f"\n{what}, {TRIES} tries: {medians}; against open {shown}\n")
        (first, *others) = [answer for answers in self.answers.values() for answer in answers]
        assert first[0] == status, first
        assert all(answer == first for answer in others)
        assert all(1 / RATIO_MAX <= ratio <= RATIO_MAX for ratio in ratios), shown


def test_a_log_in_does_not_tell(server: str) -> None:
    def body(email: str) -> dict[str, str]:
        # A closed account is asked with its own password.
        return {"email": email, "password": PASSWORD if "closed" in email else "another-password"}

    Asked(server, TOKEN, body).check("Log-in", 401)


def test_asking_for_another_password_does_not_tell(server: str) -> None:
    Asked(server, RESET, lambda email: {"email": email}).check("Reset", 202)


def test_a_taken_email_does_not_tell_whether_it_is_closed(server: str) -> None:
    def ask(kind: str) -> tuple[int, Any]:
        body = {"name": "Rider", "email": email_of(kind, 0), "password": PASSWORD}
        answer = requests.post(f"{server}{REGISTER}", json=body, timeout=60)
        return answer.status_code, answer.json().get("errors")

    taken = [{"field": "email", "code": "email_taken", "detail": "An account with this e-mail exists already."}]
    assert [ask("open"), ask("closed")] == [(400, taken)] * 2
    assert ask("unknown")[0] == 201
