"""The same races over real HTTP, against two web processes."""

from collections import Counter

import pytest
import requests

from bikerental.rentals.models import Rental
from tests.factories import make_bike, make_rental, make_user
from tests.support.logins import bearer, login
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_SECONDS = 60


def post_at_once(calls: list[tuple[str, dict[str, str], object]]) -> list[requests.Response]:
    """POST all of them (url, headers, body) at the same moment."""

    def post(number: int) -> requests.Response:
        url, headers, body = calls[number]
        return requests.post(url, headers=headers, json=body, timeout=WAIT_SECONDS)

    return at_once(post, times=len(calls))


def statuses(answers: list[requests.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_200_riders_at_once_and_one_bike(address: str) -> None:
    bike = make_bike()
    riders = [bearer(login(address, make_user().email)) for _ in range(200)]

    answers = post_at_once([(f"{address}rentals/", headers, {"bike": str(bike.pk)}) for headers in riders])

    assert statuses(answers) == {201: 1, 409: 199}
    assert Rental.objects.filter(bike=bike).count() == 1


def test_one_rider_at_once_and_50_bikes(address: str) -> None:
    rider = make_user()
    headers = bearer(login(address, rider.email))
    bikes = [make_bike() for _ in range(50)]

    answers = post_at_once([(f"{address}rentals/", headers, {"bike_number": bike.number}) for bike in bikes])

    assert statuses(answers) == {201: 1, 409: 49}
    assert Rental.objects.filter(rider=rider).count() == 1


def test_50_returns_of_one_rental(address: str) -> None:
    rider = make_user()
    rental = make_rental(rider=rider)
    headers = bearer(login(address, rider.email))

    answers = post_at_once([(f"{address}rentals/{rental.pk}/return/", headers, {})] * 50)

    assert statuses(answers) == {200: 1, 409: 49}


def test_50_rents_with_one_idempotency_key(address: str) -> None:
    rider, bike = make_user(), make_bike()
    headers = bearer(login(address, rider.email)) | {"Idempotency-Key": "one-wish"}

    answers = post_at_once([(f"{address}rentals/", headers, {"bike": str(bike.pk)})] * 50)

    assert set(statuses(answers)) <= {201, 409}
    assert {answer.json()["id"] for answer in answers if answer.ok} == {str(Rental.objects.get(rider=rider).pk)}
    assert {answer.json()["code"] for answer in answers if not answer.ok} <= {"request_in_progress"}


def test_20_refreshes_with_one_token(address: str) -> None:
    tokens = login(address, make_user().email)

    answers = post_at_once([(f"{address}auth/token/refresh/", {}, {"refresh": tokens["refresh"]})] * 20)

    assert statuses(answers) == {200: 20}
    assert len({answer.json()["refresh"] for answer in answers} - {tokens["refresh"]}) == 1
