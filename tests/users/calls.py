"""Calls of the account endpoints, and values from their responses."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.users.models import User
from tests.factories import PASSWORD

REGISTER = "/api/v1/auth/register/"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
VERIFY = "/api/v1/auth/token/verify/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/me/"
CHANGE = "/api/v1/me/password/"
NEW_PASSWORD = "another-saddle-3"


def registration(**changes: Any) -> dict[str, Any]:
    return {"name": "Rider", "email": "rider@example.org", "password": PASSWORD} | changes


def field_errors(response: Response) -> list[tuple[str, str]]:
    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "invalid"
    return [(error["field"], error["code"]) for error in problem["errors"]]


def log_in(client: APIClient, rider: User, password: str = PASSWORD, **headers: str) -> Response:
    return client.post(TOKEN, {"email": rider.email, "password": password}, **headers)


def statements_of(client: APIClient, method: str, path: str, body: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path, body)
    assert response.status_code < 300, response.content
    begun = ("SAVEPOINT", "RELEASE SAVEPOINT")
    return sum(not query["sql"].startswith(begun) for query in queries)
