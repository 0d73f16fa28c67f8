import os
from collections.abc import Iterator

import pytest

from tests.ops.stacks.engine import build, has_engine, run


@pytest.fixture(scope="session")
def engine() -> None:
    if not has_engine():
        pytest.skip("No Docker engine with Compose answers on this machine.")


@pytest.fixture(scope="session")
def image(engine: None) -> Iterator[str]:
    """The pipeline's image, or one that is built in the same way and removed afterwards."""
    if given := os.environ.get("TRIAL_IMAGE"):
        yield given
        return
    name = build(f"bikerental-trial:{os.getpid()}")
    yield name
    run("docker", "image", "rm", "--force", name)
