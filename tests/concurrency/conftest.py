from collections.abc import Iterator

import pytest

from tests.live import web_server


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a web server with two processes, for this module."""
    with web_server(tmp_path_factory.mktemp("server") / "web.log", processes=2) as running:
        yield running


@pytest.fixture(scope="module")
def address(server: str) -> str:
    """The address of its API."""
    return f"{server}/api/v1/"
