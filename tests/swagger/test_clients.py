"""Clients that are generated from the server's document make a ride with that server."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from tests.factories import make_bike, make_station
from tests.live import ROOT, web_server
from tests.tools.npm import PACKAGES

HERE = Path(__file__).parent
STEP_SECONDS = 120


@pytest.fixture
def live(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    make_bike(number="B-000001", station=make_station(name="Palace Square"))
    make_bike(number="B-000002", station=None)
    with web_server(tmp_path / "web.log", processes=1) as base:
        (tmp_path / "swagger.json").write_text(requests.get(f"{base}/api/swagger.json", timeout=60).text)
        yield base


@pytest.mark.slow
def test_a_typescript_client_compiles_strictly_and_rides(programs: Path, live: str, tmp_path: Path) -> None:
    for path in (HERE / "ride.ts", HERE / "tsconfig.json", PACKAGES):
        shutil.copy(path, tmp_path)
    must(programs / "swagger-typescript-api", "generate", "--path", "swagger.json", "--name", "client.ts", at=tmp_path)
    client = tmp_path / "client.ts"
    client.write_text(client.read_text().replace("// @ts-nocheck", ""))
    must(programs / "tsc", "--project", tmp_path, at=tmp_path)

    must("node", "ride.js", live, "typescript@example.org", at=tmp_path)


@pytest.mark.slow
def test_a_python_client_rides(programs: Path, live: str, tmp_path: Path) -> None:
    # The generator reads only OpenAPI 3.
    must(programs / "swagger2openapi", "swagger.json", "--outfile", "openapi.json", at=tmp_path)
    (tmp_path / "generator.yml").write_text("post_hooks: []")
    generator = ("openapi_python_client", "generate", "--path", "openapi.json", "--config", "generator.yml")
    must(
        *(
            sys.executable,
            "-m",
            *generator,
            "--meta",
            "none",
            "--output-path",
            "bikerental_client",
            "--fail-on-warning",
        ),
        at=tmp_path,
    )
    shutil.copy(HERE / "ride.py", tmp_path)

    must(sys.executable, "ride.py", live, "python@example.org", at=tmp_path)


def test_the_documentation_names_the_programs_that_are_tested() -> None:
    page = (ROOT / "docs/api/README.md").read_text()
    locked = json.loads(PACKAGES.read_text())["devDependencies"]
    locked["openapi-python-client"] = version("openapi-python-client")

    named = dict(re.findall(r"^(?:npx|uvx) ([\w-]+)@([\d.]+) ", page, flags=re.MULTILINE))
    assert named == {
        name: locked[name] for name in ("httpyac", "swagger-typescript-api", "swagger2openapi", "openapi-python-client")
    }


def must(*command: str | Path, at: Path) -> None:
    run = subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=STEP_SECONDS, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
