import pytest
from pytest_django import Settings
from rest_framework.test import APIClient


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.http.urls"


@pytest.fixture
def client() -> APIClient:
    """Like a client far away: what breaks on the server comes as an answer."""
    return APIClient(raise_request_exception=False)
