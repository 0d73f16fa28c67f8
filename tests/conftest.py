"""Fixtures of the whole suite."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver
from django.utils import translation
from rest_framework.test import APIClient

from tests.clients import RiderClient, operator_client
from tests.factories import make_user
from tests.live import web_server
from tests.support.chromium import Browser, chromium
from tests.tools.npm import ToolsMissingError, tools


def pytest_configure() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        if name not in os.environ:
            pytest.exit(f"{name} is not set. Run the suite with `make test`, which brings its own servers.", 4)


@pytest.fixture(autouse=True, scope="session")
def _urls_loaded() -> None:
    # Importing the views can take longer than PostgreSQL lets a transaction idle, and the first test that calls the
    # API has one open.
    _ = get_resolver().url_patterns


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_language_left() -> Iterator[None]:
    # The test client runs in this thread, and Django leaves the language of the last request set.
    yield
    translation.deactivate()


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()


@pytest.fixture
def rider_client(db: None) -> RiderClient:
    """A client that is logged in as a new rider: `rider_client.rider`."""
    return RiderClient(make_user())


@pytest.fixture
def operator(db: None) -> Client:
    """A browser in which a superuser is logged in to the admin."""
    return operator_client()


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The address of a web server on the test's database."""
    with web_server(tmp_path / "web.log", processes=1) as address:
        yield address


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with chromium(tmp_path / "profile") as running:
        yield running


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of the programs that clients of the API use."""
    try:
        return tools()
    except ToolsMissingError as missing:
        pytest.skip(str(missing))
