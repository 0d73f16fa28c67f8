"""Hostile clients at the proxy of `production.yml`: other riders do not notice them."""

import re
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests.ops.stacks.attacks import AMBIGUOUS, LINES, Attacker, are_closed_within, dribble
from tests.ops.stacks.stack import Stack

pytestmark = [pytest.mark.docker, pytest.mark.slow]

Sockets = list[ssl.SSLSocket]
TOKEN = f"POST /api/v1/auth/token/ HTTP/1.1\r\n{LINES}Content-Type: application/json\r\n"
END = "Connection: close\r\n\r\n"
HEADS, BODIES = 100, 60  # the web server has 16 threads


@pytest.fixture(scope="module")
def attacker(production: Stack, authority: str) -> Attacker:
    return Attacker(int(production.environment["HTTPS_PORT"]), authority)


@pytest.fixture
def address(base: str) -> str:
    return base.removesuffix("/api/v1")


@pytest.fixture
def slow(attacker: Attacker) -> Iterator[tuple[Sockets, Sockets]]:
    """Clients that never end their headers, and clients that never end their body."""
    with ExitStack() as held:
        heads = [held.enter_context(attacker.connect()) for _ in range(HEADS)]
        bodies = [held.enter_context(attacker.connect()) for _ in range(BODIES)]
        dribble(heads, f"GET /api/v1/bikes/ HTTP/1.1\r\n{LINES}".encode())
        dribble(bodies, f"{TOKEN}Content-Length: 100000\r\n\r\n".encode())
        yield heads, bodies


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_a_request_of_two_lengths_shifts_nobodys_answer(
    address: str, browser: requests.Session, attacker: Attacker, body: str
) -> None:
    with ThreadPoolExecutor(5) as attackers:
        answers = list(attackers.map(attacker.say, [TOKEN + body] * 5))

    assert [answer for answer in answers if not answer.startswith(("HTTP/1.1 4", "HTTP/1.1 5"))] == []
    for number in range(20):
        answer = browser.get(f"{address}/health/live/", headers={"X-Request-ID": f"mine-{number}"}, timeout=15)
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, f"mine-{number}")


def test_another_host_is_not_served_and_not_believed(address: str, attacker: Attacker) -> None:
    own = address.removeprefix("https://")
    other = attacker.say(f"GET /api/swagger.json HTTP/1.1\r\nHost: evil.example\r\n{END}")
    absolute = attacker.say(f"GET https://evil.example/api/swagger.json HTTP/1.1\r\n{LINES}{END}")
    forwarded = attacker.say(
        f"GET /api/swagger.json HTTP/1.1\r\nHost: {own}\r\nX-Forwarded-Host: evil.example\r\n{END}"
    )

    assert [answer for answer in (other, absolute) if "swagger" in answer] == []
    assert f'"host":"{own}"' in forwarded.replace(" ", "")
    assert "evil" not in other + absolute + forwarded


def test_a_header_of_the_proxys_own_has_no_other_spelling(address: str, attacker: Attacker) -> None:
    # To WSGI an underscore is a hyphen. If the header were trusted, this request would be redirected to TLS.
    spelled = attacker.say(f"GET /api/swagger.json HTTP/1.1\r\n{LINES}X_Forwarded_Proto: http\r\n{END}")

    assert spelled.startswith("HTTP/1.1 200 ")


def test_the_wait_is_measured_from_the_proxy_on(production: Stack, base: str, browser: requests.Session) -> None:
    before = waits(production)
    forged = str(int((time.time() - 50) * 1000))
    for _ in range(20):
        assert browser.get(f"{base}/bikes/", headers={"X-Request-Start": forged}, timeout=15).status_code == 401

    count, seconds = (now - then for now, then in zip(waits(production), before, strict=True))
    assert count >= 20
    assert seconds < 20 * 25


def waits(production: Stack) -> tuple[float, float]:
    """How many requests waited for web, and for how many seconds in total."""
    ask = (
        "from urllib.request import Request, urlopen\n"
        "print(urlopen(Request('http://127.0.0.1:8000/metrics', headers={'Host': 'web'}), timeout=30).read().decode())"
    )
    text = production.compose("exec", "-T", "web", "python", "-c", ask).stdout
    found = dict(re.findall(r"^bikerental_http_wait_seconds_(count|sum) (\S+)$", text, re.MULTILINE))
    return float(found.get("count", 0)), float(found.get("sum", 0))


def test_slow_clients_keep_nobody_from_riding(
    base: str, browser: requests.Session, slow: tuple[Sockets, Sockets]
) -> None:
    heads, bodies = slow
    time.sleep(2)

    for _ in range(10):
        # Well below the 30 s that a slow body may take.
        assert browser.get(f"{base}/bikes/", timeout=15).status_code == 401

    assert are_closed_within(60, heads, b"X: x\r\n")
    assert are_closed_within(60, bodies, b" ")
