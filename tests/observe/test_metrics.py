"""The metrics that Prometheus scrapes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import OperationalError
from rest_framework.test import APIClient

from bikerental.observe import metrics_files, prometheus
from bikerental.observe.metrics_files import MetricsFile
from bikerental.observe.prometheus import Source
from tests.live import web_server
from tests.observe.scraping import requests_counted, scrape
from tests.support.waiting import eventually

Figured = Callable[..., None]


@pytest.fixture(autouse=True)
def register_gauges(monkeypatch: pytest.MonkeyPatch) -> Figured:
    """Declares figures as an app does. The apps' own figures are left out."""
    declared: list[Source] = []
    monkeypatch.setattr(prometheus, "sources", lambda: declared)
    monkeypatch.setattr(prometheus, "_running", {})
    return lambda name, ask, label="": declared.append(Source(name, ask, label))


def test_a_request_is_counted_by_its_route(client: APIClient) -> None:
    before = requests_counted(client, "api/test/raise/<str:name>/", status=409)

    for _ in range(3):
        client.get("/api/test/raise/busy/")

    assert requests_counted(client, "api/test/raise/<str:name>/", status=409) - before == 3


def test_unknown_paths_and_methods_share_one_series(client: APIClient) -> None:
    client.get("/wp-login.php")
    client.generic("BREW", "/nothing/")

    exposed = client.get("/metrics").content.decode()

    assert "wp-login" not in exposed
    assert "BREW" not in exposed


def test_apps_add_their_own_metrics(client: APIClient, register_gauges: Figured) -> None:
    register_gauges("test", lambda: {"bikerental_test_rides_open": 12.0})

    assert scrape(client)["bikerental_test_rides_open"] == 12.0
    assert scrape(client)['bikerental_figures_up{source="test"}'] == 1.0


def test_a_failing_source_affects_only_its_own_metrics(client: APIClient, register_gauges: Figured) -> None:
    def away() -> dict[str, float]:
        raise OperationalError

    register_gauges("away", away)
    register_gauges("test", lambda: {"bikerental_test_rides_open": 12.0})

    assert client.get("/metrics").status_code == 200
    assert scrape(client)["bikerental_test_rides_open"] == 12.0
    assert scrape(client)['bikerental_figures_up{source="away"}'] == 0.0
    assert scrape(client)['bikerental_figures_up{source="test"}'] == 1.0


def test_metrics_may_have_a_label(client: APIClient, register_gauges: Figured) -> None:
    register_gauges("test", lambda: {"bikerental_test_messages": {"slow": 3.0, "fast": 0.0}}, label="queue")

    figures = scrape(client)

    assert figures['bikerental_test_messages{queue="slow"}'] == 3.0
    assert figures['bikerental_test_messages{queue="fast"}'] == 0.0


def test_a_hanging_source_is_asked_once_and_delays_no_scrape(client: APIClient, register_gauges: Figured) -> None:
    goes_on = threading.Event()
    asked = []

    def hangs() -> dict[str, float]:
        asked.append("once")
        goes_on.wait(60)
        return {"bikerental_test_rides_open": 12.0}

    register_gauges("hangs", hangs)
    register_gauges("test", lambda: {"bikerental_test_bikes": 7.0})
    started = time.monotonic()
    first, second = scrape(client), scrape(client)
    seconds = time.monotonic() - started
    goes_on.set()

    assert seconds < 20
    assert asked == ["once"]
    assert first['bikerental_figures_up{source="hangs"}'] == second['bikerental_figures_up{source="hangs"}'] == 0.0
    assert first["bikerental_test_bikes"] == 7.0
    assert "bikerental_test_rides_open" not in first
    assert eventually(lambda: scrape(client).get("bikerental_test_rides_open") == 12.0, 10)


def test_metrics_of_processes_are_added_up(tmp_path: Path) -> None:
    ask = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "client = Client()\n"
        "client.get('/health/live/')\n"
        "print(client.get('/metrics').content.decode())\n"
    )
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }

    outputs = [
        subprocess.run(
            [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for _ in range(2)
    ]

    counted = 'bikerental_http_request_seconds_count{method="GET",route="health/live/",status="200"}'
    assert f"{counted} 1.0" in outputs[0]
    assert f"{counted} 2.0" in outputs[1]


def test_metrics_in_memory_are_written_when_there_is_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(metrics_files, "RETRY_SECONDS", -1.0)
    path = tmp_path / "counter.db"
    with monkeypatch.context() as full:
        full.setattr("os.posix_fallocate", refuse)
        figures = MetricsFile(str(path))
        figures.write_value("rides", 1.0, 0.0)
    assert not path.exists()

    figures.write_value("returns", 2.0, 0.0)

    kept = {key: value for key, value, *_ in MetricsFile.read_all_values_from_file(str(path))}  # type: ignore[no-untyped-call] # comes without types
    assert kept == {"rides": 1.0, "returns": 2.0}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, timeout=10)
    if mounted.returncode:
        pytest.skip("only root may mount a disk of its own")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True, timeout=10)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_full_at_start", [True, False])
def test_a_full_disk_ends_no_process_and_metrics_return(
    small_disk: Path, tmp_path: Path, is_full_at_start: bool
) -> None:
    if is_full_at_start:
        ballast = fill(small_disk)
    with web_server(
        tmp_path / "web.log", processes=1, PROMETHEUS_MULTIPROC_DIR=str(small_disk), PYTHONUNBUFFERED="1"
    ) as address:
        if not is_full_at_start:
            ballast = fill(small_disk)
        statuses = {200, 400, 401, 405, 415}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):  # a series each
            for path in ("bikes", "stations", "rentals", "me", "auth/register", "auth/token", "rentals/current"):
                assert requests.request(method, f"{address}/api/v1/{path}/", timeout=20).status_code in statuses
        assert requests.get(f"{address}/health/ready/", timeout=20).status_code == 200

        ballast.unlink()
        counted = 'route="api/v1/bikes/",status="401"'

        def is_counted() -> bool:
            requests.get(f"{address}/api/v1/bikes/", timeout=20)
            return counted in requests.get(f"{address}/metrics", timeout=20).text

        assert eventually(is_counted, seconds=30)
