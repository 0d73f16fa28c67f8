"""The request's id, and the headers of every answer."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from bikerental.core.context import request_id_var
from tests.clients import RiderClient

LIVE = "/health/live/"


@pytest.mark.parametrize("sent", ["a", "A-Z_0.9", "x" * 64])
def test_a_sane_request_id_is_kept(client: APIClient, sent: str) -> None:
    assert client.get(LIVE, headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\nb", "é", "<script>", "a;b"])
def test_an_odd_one_is_replaced(client: APIClient, sent: str) -> None:
    made = client.get(LIVE, headers={"X-Request-ID": sent}).headers["X-Request-ID"]

    assert len(made) == 32
    assert int(made, 16) >= 0


def test_each_request_has_its_own_and_leaves_none_behind(client: APIClient) -> None:
    first, second = (client.get(LIVE).headers["X-Request-ID"] for _ in range(2))

    assert first != second
    assert request_id_var.get() == ""


@pytest.mark.parametrize("path", ["/api/test/raise/bug/", "/api/v1/nothing/", "/plain/raise/lost/"])
def test_an_error_carries_the_id_twice(client: APIClient, path: str) -> None:
    response = client.get(path)

    assert response.json()["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("/admin", "/admin/"),
        ("/api/docs?page=1", "/api/docs/?page=1"),
        ("/api/redoc", "/api/redoc/"),
        ("/health/live", "/health/live/"),
        ("/health/ready", "/health/ready/"),
    ],
)
def test_a_page_typed_without_its_slash_is_found(client: APIClient, typed: str, page: str) -> None:
    for method in (client.get, client.head):
        answer = method(typed)
        assert (answer.status_code, answer.headers["Location"]) == (301, page)

    assert client.post(typed).status_code != 301


@pytest.mark.django_db
def test_an_operator_finds_a_page_without_its_slash(admin_client: Client) -> None:
    assert admin_client.get("/admin/fleet/bike").headers["Location"] == "/admin/fleet/bike/"
    assert admin_client.get("/admin/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/bikes", "/api/v1", "/nothing", "/%2Fevil.example", "/metrics/"])
def test_an_unknown_path_is_a_404(client: APIClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/me/", "/api/v1/rentals/", "/api/v1/rentals/current/"])
def test_personal_answers_are_not_stored(rider_client: RiderClient, path: str) -> None:
    assert rider_client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_tokens_are_not_stored(client: APIClient) -> None:
    response = client.post("/api/v1/auth/token/", {"email": "nobody@example.org", "password": "x"}, format="json")

    assert response.headers["Cache-Control"] == "no-store"
