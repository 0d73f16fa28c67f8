"""`Idempotency-Key`: a repeated request gets the first answer again."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import Kind, Refusal
from bikerental.fleet.models import Station
from bikerental.http.idempotency import (
    IdempotencyKeyInvalidError,
    IdempotencyKeyReusedError,
    RequestInProgressError,
    answer_once,
    key_of,
)
from bikerental.http.models import IdempotencyKey
from bikerental.http.parsers import JSONParser
from bikerental.http.renderers import to_json
from bikerental.http.services import idempotency_keys_erase, idempotency_keys_purge
from tests.factories import make_station
from tests.support.threads import meanwhile, race

# Real commits, because a rollback inside a test's own transaction would end that.
pytestmark = pytest.mark.django_db(transaction=True)
RIDER = UUID(int=1)
ROUTE = "POST rentals/"


class Refused(Refusal):
    kind = Kind.CONFLICT
    code = "refused"
    detail = "Refused."


def a_request(key: str | None = "key", body: str = '{"a": 1, "b": [2, {"c": 3, "d": 4}]}') -> Request:
    headers = {} if key is None else {"Idempotency-Key": key}
    plain = APIRequestFactory().generic(
        "POST", "/api/v1/rentals/", body, content_type="application/json", headers=headers
    )
    return Request(plain, parsers=[JSONParser()])


def make() -> Response:
    """An effect whose number of runs the database shows."""
    station = make_station()
    return Response({"id": str(station.pk), "name": station.name}, status=201, headers={"Location": f"/{station.pk}/"})


def ask(
    key: str | None = "key",
    *,
    respond: Callable[[], Response] = make,
    rider_id: UUID = RIDER,
    route: str = ROUTE,
    **sent: str,
) -> HttpResponse:
    return answer_once(a_request(key, **sent), rider_id=rider_id, route=route, respond=respond)


def age(**how_long: float) -> None:
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(**how_long))


def test_the_same_request_is_the_first_answer_byte_for_byte() -> None:
    first = ask()

    again = ask()

    assert again.content == to_json(first.data)
    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"] == "application/json"
    assert "Idempotent-Replayed" not in first.headers
    assert Station.objects.count() == 1


def test_spaces_and_the_order_of_keys_make_no_other_body() -> None:
    ask()

    assert ask(body='{"b":[2,{"d":4,"c":3}],\n"a":1}').headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("body", ['{"a": 2, "b": [2, {"c": 3, "d": 4}]}', "{}", '{"a": 1, "b": [{"c": 3, "d": 4}, 2]}'])
def test_another_body_is_refused_and_does_nothing(body: str) -> None:
    ask()

    with pytest.raises(IdempotencyKeyReusedError):
        ask(body=body)

    assert Station.objects.count() == 1


def test_without_a_key_each_request_acts_and_nothing_is_kept() -> None:
    ask(None)
    ask(None)

    assert Station.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


def test_a_key_belongs_to_its_rider_and_route() -> None:
    ask()
    ask(rider_id=UUID(int=2))
    ask(route="POST rentals/return/")

    assert Station.objects.count() == 3


@pytest.mark.parametrize("error", [Refused(), ValidationError("no"), KeyError("bug")])
def test_a_failed_request_rolls_back_and_keeps_no_answer(error: Exception) -> None:
    def fail() -> Response:
        make()
        raise error

    with pytest.raises(type(error)):
        ask(respond=fail)

    assert not Station.objects.exists()
    assert ask().status_code == 201


def test_a_service_inside_joins_the_transaction() -> None:
    def fail_late() -> Response:
        unit_of_work(make)()
        raise Refused

    with pytest.raises(Refused):
        ask(respond=fail_late)

    assert not Station.objects.exists()


def test_after_a_day_the_key_is_new() -> None:
    ask()
    age(hours=24, seconds=1)

    answer = ask(body="{}")

    assert "Idempotent-Replayed" not in answer.headers
    assert Station.objects.count() == 2
    assert ask(body="{}").headers["Idempotent-Replayed"] == "true"


def test_before_a_day_it_is_not() -> None:
    ask()
    age(hours=23, minutes=59)

    assert ask().headers["Idempotent-Replayed"] == "true"


def test_the_purge_forgets_the_expired_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.core.work.purging.PURGE_BATCH", 2)
    for number in range(5):
        ask(str(number))
    age(hours=25)
    ask("young")

    assert idempotency_keys_purge(now=timezone.now()) == 5
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["young"]


def test_erasing_forgets_one_rider_alone() -> None:
    ask()
    ask(rider_id=UUID(int=2))

    idempotency_keys_erase(rider_id=RIDER)

    assert [key.rider_id for key in IdempotencyKey.objects.all()] == [UUID(int=2)]


def test_the_database_holds_one_answer_a_key() -> None:
    ask()
    row = IdempotencyKey.objects.get()
    row.pk = None

    with pytest.raises(IntegrityError):
        row.save()


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("a", "a"),
        ("a b", "a b"),
        ("x" * 255, "x" * 255),
        ('"a"', "a"),
        (r'"a\"b\\c"', 'a"b\\c'),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_a_key_is_quoted_or_bare(sent: str, key: str) -> None:
    assert key_of(a_request(sent)) == key


@pytest.mark.parametrize(
    "sent", ["", '""', "x" * 256, '"' + "x" * 256 + '"', '"a', 'a"', r'"a\b"', "a\x00b", "é", "a\tb", '"a" ;x', "\x7f"]
)
def test_an_invalid_key_is_refused(sent: str) -> None:
    with pytest.raises(IdempotencyKeyInvalidError):
        key_of(a_request(sent))


def test_twenty_at_once_act_once() -> None:
    answers: list[bytes] = []

    def runner() -> None:
        while True:
            try:
                answer = ask()
            except RequestInProgressError:
                time.sleep(0.05)
                continue
            answers.append(answer.content if "Idempotent-Replayed" in answer.headers else b"")
            return

    outcomes = race(*[runner] * 20)

    assert outcomes == {"done": 20}
    assert Station.objects.count() == 1
    assert len({answer for answer in answers if answer}) == 1
    assert answers.count(b"") == 1  # one acted, nineteen were refused or got the answer


def test_while_the_first_runs_the_second_is_told_so() -> None:
    is_acting, may_end = threading.Event(), threading.Event()

    def slow() -> Response:
        is_acting.set()
        assert may_end.wait(20)
        return make()

    with meanwhile(lambda: ask(respond=slow)):
        assert is_acting.wait(20)
        with pytest.raises(RequestInProgressError):
            ask()
        assert ask("another key").status_code == 201  # no other request waits
        may_end.set()

    assert ask().headers["Idempotent-Replayed"] == "true"
    assert Station.objects.count() == 2


def test_a_process_that_dies_leaves_no_claim() -> None:
    class Died(BaseException):
        pass

    def die() -> Response:
        make()
        raise Died

    with pytest.raises(Died):
        ask(respond=die)

    assert ask().status_code == 201
    assert Station.objects.count() == 1


def test_different_keys_at_once_all_act() -> None:
    outcomes = race(*[lambda: ask(uuid4().hex)] * 10)

    assert outcomes == {"done": 10}
    assert Station.objects.count() == 10
