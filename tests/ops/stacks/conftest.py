from pathlib import Path
from typing import Any

import pytest

from tests.ops.stacks.engine import FILES, compose_config, has_compose, has_engine, run


@pytest.fixture(scope="session")
def envs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("envs")
    made = run("compose/production/make-envs", "localhost", str(folder))
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def stacks(envs: Path) -> dict[str, dict[str, Any]]:
    if not has_compose():
        pytest.skip("Docker Compose is not on this machine.")
    return {file: compose_config(file, envs) for file in FILES}


@pytest.fixture(scope="session")
def engine() -> None:
    if not has_engine():
        pytest.skip("No Docker engine answers on this machine.")
