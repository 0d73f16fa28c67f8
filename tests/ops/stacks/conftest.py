from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from compose.bare.processes import free_port
from tests.ops.stacks.engine import FILES, compose_config, has_compose, run
from tests.ops.stacks.stack import Stack, direct, register


@pytest.fixture(scope="session")
def envs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("envs")
    made = run("compose/production/make-envs", "localhost", str(folder))
    assert made.returncode == 0, made.stderr
    # The tests send more requests than riders do. The example addresses are refused at the start.
    django = folder / ".django"
    filled_in = django.read_text().replace("/minute", "00/minute").replace("bikerental.example", "bikerental.test")
    django.write_text(filled_in)
    return folder


@pytest.fixture(scope="session")
def stacks(envs: Path) -> dict[str, dict[str, Any]]:
    if not has_compose():
        pytest.skip("Docker Compose is not on this machine.")
    return {file: compose_config(file, envs) for file in FILES}


@pytest.fixture(scope="package")
def production(image: str, envs: Path) -> Iterator[Stack]:
    """The production stack with an S3 beside it, and a demo city."""
    ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(free_port())}
    stack = Stack("production.yml", "compose/local/s3.yml", name="production", IMAGE=image, ENVS=str(envs), **ports)
    try:
        stack.up()
        seeded = stack.compose(
            *("run", "--rm", "--no-deps", "-T", "migrate"),
            *("python", "manage.py", "seed_demo", "--if-empty", "--in-production"),
        )
        assert seeded.returncode == 0, seeded.stderr[-2000:]
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="package")
def base(production: Stack) -> str:
    return f"https://localhost:{production.environment['HTTPS_PORT']}/api/v1"


@pytest.fixture(scope="package")
def authority(production: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority that Caddy made for localhost."""
    root = tmp_path_factory.mktemp("authority") / "root.crt"
    root.write_text(
        production.compose("exec", "-T", "proxy", "cat", "/data/caddy/pki/authorities/local/root.crt").stdout
    )
    return str(root)


@pytest.fixture
def browser(authority: str) -> requests.Session:
    """A session that trusts only that authority."""
    session = direct()
    session.verify = authority
    return session


@pytest.fixture
def rider(browser: requests.Session, base: str, request: pytest.FixtureRequest) -> requests.Session:
    """A session that is registered and logged in."""
    register(browser, base, f"rider-{abs(hash(request.node.name))}@trial.example")
    return browser


@pytest.fixture
def flower(browser: requests.Session, production: Stack, envs: Path) -> requests.Session:
    """A session with Flower's password."""
    lines = (envs / ".proxy").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    browser.auth = (settings["FLOWER_USER"], settings["FLOWER_PASSWORD"])
    return browser
