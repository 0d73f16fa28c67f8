"""Rates: requests are counted and refused, and served while the cache is away."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient, APIRequestFactory

from bikerental.http import throttles
from bikerental.http.throttles import client_address, rate_of
from tests.clients import RiderClient
from tests.live import OwnRedis, own_redis
from tests.support.threads import at_once

COUNTED = "/api/test/counted/"
PERSONAL = "/api/test/personal/"


@pytest.fixture(autouse=True)
def _closed_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "breaker", throttles.Breaker())


@pytest.fixture(autouse=True)
def _far_from_the_border_of_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = 1_800_000_000.0  # a whole number of hours
    started = time.monotonic()
    monkeypatch.setattr(throttles.time, "time", lambda: noon + 600 + time.monotonic() - started)


def set_rates(settings: Settings, **rates: str | None) -> None:
    framework = settings.REST_FRAMEWORK
    settings.REST_FRAMEWORK = framework | {"DEFAULT_THROTTLE_RATES": framework["DEFAULT_THROTTLE_RATES"] | rates}


def statuses(client: APIClient, number: int, **extra: str) -> list[int]:
    return [client.get(COUNTED, **extra).status_code for _ in range(number)]


def test_a_request_over_the_rate_is_a_429(client: APIClient, settings: Settings) -> None:
    set_rates(settings, register="3/hour")

    assert statuses(client, 5) == [200, 200, 200, 429, 429]


def test_the_429_says_when_the_window_ends(client: APIClient, settings: Settings) -> None:
    set_rates(settings, register="1/hour")
    statuses(client, 1)

    response = client.get(COUNTED)

    assert response.json()["code"] == "throttled"
    assert 2990 <= int(response.headers["Retry-After"]) <= 3000


def test_each_address_has_its_own_count(client: APIClient, settings: Settings) -> None:
    set_rates(settings, register="1/hour")

    assert statuses(client, 2, REMOTE_ADDR="192.0.2.1") == [200, 429]
    assert statuses(client, 2, REMOTE_ADDR="192.0.2.2") == [200, 429]


@pytest.mark.parametrize("scope", ["register", "anon"])
def test_an_ipv6_household_has_one_count(client: APIClient, settings: Settings, scope: str) -> None:
    set_rates(settings, **{scope: "5/hour"})
    path = {"register": COUNTED, "anon": "/api/test/echo/"}[scope]

    answers = [client.get(path, REMOTE_ADDR=f"2001:db8:0:1::{number:x}").status_code for number in range(30)]

    assert answers.count(429) == 25
    assert client.get(path, REMOTE_ADDR="2001:db8:0:2::1").status_code != 429


def test_an_ipv4_address_written_as_ipv6_has_the_same_count(client: APIClient, settings: Settings) -> None:
    set_rates(settings, register="1/hour")

    assert statuses(client, 1, REMOTE_ADDR="192.0.2.1") == [200]
    assert statuses(client, 1, REMOTE_ADDR="::ffff:192.0.2.1") == [429]


def test_a_made_up_header_buys_no_new_count(client: APIClient, settings: Settings) -> None:
    set_rates(settings, register="1/hour")

    assert statuses(client, 1, HTTP_X_FORWARDED_FOR="192.0.2.8") == [200]
    assert statuses(client, 1, HTTP_X_FORWARDED_FOR="192.0.2.9") == [429]


def test_requests_at_once_are_all_counted(settings: Settings) -> None:
    set_rates(settings, register="10/hour")

    answers = at_once(lambda _: APIClient().get(COUNTED).status_code, times=40)

    assert sorted(answers) == [200] * 10 + [429] * 30


@pytest.mark.django_db
def test_the_anonymous_and_the_riders_are_counted_apart(rider_client: RiderClient, settings: Settings) -> None:
    set_rates(settings, anon="1/hour", user="2/hour")

    assert [rider_client.get(PERSONAL).status_code for _ in range(3)] == [200, 200, 429]


def test_no_rate_asks_no_cache(client: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "cache", None)
    set_rates(settings, register=None)

    assert statuses(client, 3) == [200, 200, 200]


@pytest.mark.parametrize(
    ("text", "rate"), [("5/s", (5, 1)), ("20/min", (20, 60)), ("7/hour", (7, 3600)), ("1/d", (1, 86400))]
)
def test_rates_are_those_of_drf(settings: Settings, text: str, rate: tuple[int, int]) -> None:
    set_rates(settings, login=text)

    assert rate_of("login") == rate


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "192.0.2.1", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "evil, 192.0.2.1", "192.0.2.1"),
        (2, "evil, 192.0.2.1, 192.0.2.2", "192.0.2.1"),
        (3, "192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_address_is_what_our_proxies_saw(
    settings: Settings, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    extra = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(APIRequestFactory().get("/", REMOTE_ADDR="10.0.0.1", **extra)) == address


@pytest.fixture
def redis(tmp_path: Path, settings: Settings) -> Iterator[OwnRedis]:
    with own_redis(tmp_path) as redis:
        default = settings.CACHES["default"]
        settings.CACHES = {"default": default | {"LOCATION": redis.url}}
        set_rates(settings, register="1/hour")
        yield redis
        if redis.running and redis.running.poll() is None:
            redis.signal(signal.SIGCONT)
        settings.CACHES = {"default": default}


def timed(client: APIClient, number: int) -> tuple[list[int], float]:
    started = time.monotonic()
    return statuses(client, number), time.monotonic() - started


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_cache_that_is_away_limits_and_delays_nobody(client: APIClient, redis: OwnRedis, how: signal.Signals) -> None:
    assert statuses(client, 2) == [200, 429]
    redis.signal(how)

    first, seconds_of_first = timed(client, 1)
    rest, seconds_of_rest = timed(client, 20)

    assert [*first, *rest] == [200] * 21
    assert seconds_of_first < 0.6  # one timeout of 0.2 s, without a retry by the client library
    assert seconds_of_rest < 1.5  # no further timeout: they would take four seconds


def test_rates_hold_again_when_the_cache_is_back(
    client: APIClient, redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "CACHE_LEFT_ALONE_SECONDS", 0.5)
    assert statuses(client, 2) == [200, 429]
    redis.signal(signal.SIGSTOP)
    assert statuses(client, 1) == [200]
    redis.signal(signal.SIGCONT)

    time.sleep(0.6)

    assert statuses(client, 1) == [429]


def test_while_one_request_tries_the_cache_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "CACHE_LEFT_ALONE_SECONDS", 0.05)
    breaker = throttles.Breaker()
    breaker.failed()
    assert not breaker.admits()

    time.sleep(0.06)

    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert [breaker.admits() for _ in range(2)] == [True, True]
