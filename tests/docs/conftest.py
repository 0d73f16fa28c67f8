"""A server and a worker on a city that is large enough for the examples."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bikerental.demo.constants import DEMO_ADMIN_EMAIL, DEMO_PASSWORD
from bikerental.demo.zones import zones
from bikerental.zones.models import Zone
from tests.factories import NOON, make_bike, make_model, make_station, make_tariff, make_user
from tests.live import web_server, worker


@pytest.fixture
def live(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    station, model, tariff = make_station(), make_model(), make_tariff()
    for _ in range(3):
        make_bike(station=station, model=model, tariff=tariff)
    Zone.objects.bulk_create(zones(NOON))
    make_user(email=DEMO_ADMIN_EMAIL, password=DEMO_PASSWORD, is_staff=True, is_superuser=True)
    media = {"TEST_MEDIA_ROOT": str(tmp_path / "media")}  # shared by the two processes
    with worker(tmp_path / "worker.log", **media), web_server(tmp_path / "web.log", processes=1, **media) as base:
        yield base
