"""The figures of the queues, from a real broker."""

from pathlib import Path

import pytest
import redis
from celery import Celery
from pytest_django import Settings

from bikerental.observe.queues import queue_metrics
from tests.live import own_redis


@pytest.fixture
def app() -> Celery:
    from config.celery_app import app

    return app


def test_waiting_messages_are_counted_and_timed(
    app: Celery, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_redis(tmp_path) as server:
        settings.CELERY_BROKER_URL = server.url
        with app.connection_for_write(url=server.url) as connection:
            for sent_at in (1000.0, 1060.0):
                monkeypatch.setattr("time.time", lambda sent_at=sent_at: sent_at)
                app.send_task("bikerental.observe.tasks.beat_heartbeat", queue="settling", connection=connection)
        monkeypatch.setattr("time.time", lambda: 1090.0)
        figures = queue_metrics()

    assert figures["bikerental_queue_messages"] == {"default": 0.0, "settling": 2.0, "messages": 0.0}
    assert figures["bikerental_queue_age_seconds"] == {"default": 0.0, "settling": 90.0, "messages": 0.0}


def test_an_unreachable_broker_is_an_error(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(redis.ConnectionError):
        queue_metrics()
