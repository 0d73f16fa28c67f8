import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import psycopg2
import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from bikerental.core.context import request_id_var
from bikerental.core.work.enqueueing import Note, Publisher
from bikerental.observe.heartbeat import heartbeat_record
from bikerental.observe.models import Heartbeat
from bikerental.observe.tasks import beat_heartbeat
from config.celery_app import app
from tests.factories import NOON
from tests.live import database_url

ROW = "0197a000-0000-7000-8000-000000000001"
seen: list[str] = []
left: list[str] = []
arrived = Event()


@shared_task
def note_the_request(**_arguments: Any) -> None:
    seen.append(request_id_var.get())


@shared_task
def note_the_connection(**_arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        seen.append(str(cursor.fetchone()[0]))


def note_what_is_left(**_signal: Any) -> None:
    left.append(request_id_var.get())
    arrived.set()


@pytest.fixture
def worker(db: None) -> Iterator[None]:
    """A worker in a thread, with the real broker."""
    seen.clear()
    app.control.purge()
    with start_worker(app, pool="solo", perform_ping_check=False, queues=["default"], shutdown_timeout=30):
        task_postrun.connect(note_what_is_left)
        yield
        task_postrun.disconnect(note_what_is_left)


def run(send: Any) -> str:
    arrived.clear()
    send()
    assert arrived.wait(15)
    return seen[-1]


def test_a_worker_keeps_its_connection(worker: None) -> None:
    first, second = (run(note_the_connection.delay) for _ in range(2))

    assert first == second


def test_a_worker_replaces_a_connection_that_was_lost(worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bikerental.core.db.backend.base.HEALTH_CHECK_SECONDS", 0.0)
    lost = run(note_the_connection.delay)
    # Over a connection of its own: a worker that starts closes the process's connections.
    with closing(psycopg2.connect(database_url())) as own, own.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [lost])

    assert run(note_the_connection.delay) not in {lost, ""}


def test_a_task_knows_its_request_and_the_next_does_not(worker: None) -> None:
    def noted() -> None:
        Publisher().add(Note(task=note_the_request.name, row_id=ROW, request_id="request-7"))

    assert run(noted) == "request-7"
    assert left[-1] == ""
    assert run(note_the_request.delay) == ""


def test_a_task_run_in_place_belongs_to_its_request() -> None:
    token = request_id_var.set("request-8")
    try:
        note_the_request.apply()
        assert (seen[-1], request_id_var.get()) == ("request-8", "request-8")
    finally:
        request_id_var.reset(token)


@pytest.mark.django_db
def test_one_row_says_when_the_last_beat_was(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    heartbeat_record(name="beat", now=NOON)
    with django_assert_num_queries(1):
        heartbeat_record(name="beat", now=NOON + timedelta(minutes=1))

    assert list(Heartbeat.objects.values_list("name", "beat_at")) == [("beat", NOON + timedelta(minutes=1))]


@pytest.mark.django_db
def test_the_heartbeat_touches_the_file_of_the_workers_probe(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "heartbeat"
    file.touch()
    os.utime(file, (0, 0))
    settings.HEARTBEAT_FILE = str(file)

    beat_heartbeat(sent_by="a newer beat")

    assert file.stat().st_mtime > 0
    assert Heartbeat.objects.filter(name="beat").exists()


@pytest.mark.django_db
def test_no_file_is_asked_for_by_default(settings: Settings) -> None:
    assert settings.HEARTBEAT_FILE == ""

    beat_heartbeat()

    assert Heartbeat.objects.filter(name="beat").exists()
