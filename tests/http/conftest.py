import pytest
from pytest_django import Settings
from rest_framework.test import APIClient


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.http.urls"


@pytest.fixture
def client() -> APIClient:
    """A client that gets a 500 for an exception, as over the network."""
    return APIClient(raise_request_exception=False)
