"""A web server for the tests of the feed. It starts once, since a start takes longer than the tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import web_server


@pytest.fixture(scope="session")
def feed_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feed") / "web.log"


@pytest.fixture(scope="session")
def feed_server(django_db_setup: None, django_db_blocker: Any, feed_log: Path) -> Iterator[str]:
    with django_db_blocker.unblock(), web_server(feed_log, processes=2) as address:
        yield address


@pytest.fixture
def address(transactional_db: None, feed_server: str) -> str:
    return feed_server
