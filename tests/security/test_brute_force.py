"""Guessing an account's password over HTTP, as the proxy passes requests on."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.factories import PASSWORD, make_user
from tests.live import web_server
from tests.users.calls import TOKEN

GUESSES = 1000
FREE_PER_ACCOUNT, FREE_PER_ADDRESS = 21, 6
HOME, OFFICE = "192.0.2.10", "198.51.100.7"

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with web_server(tmp_path / "web.log", NUM_PROXIES="1") as address:
        yield address


def log_in(session: requests.Session, server: str, email: str, password: str, forwarded: str) -> int:
    body, headers = {"email": email, "password": password}, {"X-Forwarded-For": forwarded}
    return session.post(f"{server}{TOKEN}", json=body, headers=headers, timeout=60).status_code


def test_a_thousand_guesses_from_as_many_addresses_fail(server: str) -> None:
    attacked, neighbour = make_user(), make_user()
    with requests.Session() as session:
        assert log_in(session, server, attacked.email, PASSWORD, HOME) == 200
        started = time.monotonic()
        answers = Counter(
            log_in(session, server, attacked.email, f"guess-{number}", f"203.0.{number // 250}.{number % 250 + 1}")
            for number in range(GUESSES)
        )
        # One more guess is admitted each time a delay ends, and each delay is twice the one before.
        let_in = FREE_PER_ACCOUNT + int(time.monotonic() - started + 1).bit_length()

        assert set(answers) == {401, 429}
        assert FREE_PER_ACCOUNT <= answers[401] <= let_in
        assert log_in(session, server, attacked.email, PASSWORD, OFFICE) == 429
        assert log_in(session, server, attacked.email, PASSWORD, HOME) == 200
        assert log_in(session, server, neighbour.email, PASSWORD, "203.0.0.1") == 200


def test_a_neighbour_of_the_guesser_is_not_locked_out(server: str) -> None:
    attacked, neighbour = make_user(), make_user()
    with requests.Session() as session:
        for number in range(20):
            log_in(session, server, attacked.email, f"guess-{number}", OFFICE)

        assert log_in(session, server, attacked.email, PASSWORD, OFFICE) == 429
        assert log_in(session, server, neighbour.email, PASSWORD, OFFICE) == 200
        assert log_in(session, server, attacked.email, PASSWORD, HOME) == 200


def test_an_address_that_the_guesser_writes_is_not_counted(server: str) -> None:
    attacked = make_user()
    started = time.monotonic()
    with requests.Session() as session:
        answers = Counter(
            log_in(session, server, attacked.email, f"guess-{number}", f"203.0.113.{number}, {OFFICE}")
            for number in range(20)
        )
    let_in = FREE_PER_ADDRESS + int(time.monotonic() - started + 1).bit_length()

    assert FREE_PER_ADDRESS <= answers[401] <= let_in
    assert answers[429] == 20 - answers[401]
