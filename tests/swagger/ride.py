"""A ride with the generated client. Its models refuse anything that the document does not declare."""

import sys
from http import HTTPStatus
from typing import Any

from bikerental_client import AuthenticatedClient, Client
from bikerental_client.api.auth import auth_register, auth_token_create
from bikerental_client.api.bikes import bikes_list
from bikerental_client.api.rentals import rentals_create, rentals_current_read, rentals_list, rentals_return
from bikerental_client.models import Login, Place, Problem, ProblemCode, Register, RentalStart, RentalStatus

PASSWORD = "correct-horse-7"


def ride(base: str, email: str) -> None:
    anybody = Client(base_url=f"{base}/api/v1")
    profile = auth_register.sync(client=anybody, body=Register(name="Rider", email=email, password=PASSWORD))
    assert profile.email == email

    wrong = auth_token_create.sync(client=anybody, body=Login(email=email, password="another"))
    assert code_of(wrong) == ProblemCode.CREDENTIALS_INVALID

    pair = auth_token_create.sync(client=anybody, body=Login(email=email, password=PASSWORD))
    rider = AuthenticatedClient(base_url=f"{base}/api/v1", token=pair.access)

    at_station, alone = bikes_list.sync(client=rider, page_size=2).results
    assert at_station.station.name == "Palace Square"
    assert (alone.station, alone.tariff.daily_cap) == (None, None)

    started = rentals_create.sync_detailed(client=rider, body=RentalStart(bike_number=alone.number))
    assert started.status_code == HTTPStatus.CREATED
    assert (started.parsed.start_station, started.parsed.ended_at) == (None, None)

    second = rentals_create.sync(client=rider, body=RentalStart(bike=at_station.id))
    assert code_of(second) == ProblemCode.RENTAL_IN_PROGRESS

    neither = rentals_create.sync(client=rider, body=RentalStart())
    assert [error.code.value for error in neither.errors] == ["invalid"]

    assert rentals_current_read.sync(client=rider).id == started.parsed.id
    returned = rentals_return.sync(started.parsed.id, client=rider, body=Place(station=at_station.station.id))
    assert (returned.status, returned.end_station.name) == (RentalStatus.RETURNED, "Palace Square")

    history = rentals_list.sync(client=rider)
    assert [row.cost.final for row in history.results] == [False]
    assert code_of(rentals_current_read.sync(client=rider)) == ProblemCode.NO_ACTIVE_RENTAL


def code_of(answer: Any) -> ProblemCode:
    assert isinstance(answer, Problem)
    return answer.code


if __name__ == "__main__":
    ride(*sys.argv[1:])
