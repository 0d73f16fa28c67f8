"""How often tasks ran and how they ended, as the worker's main process counts them."""

import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from celery import Celery
from celery.worker.request import Request
from prometheus_client import REGISTRY

from bikerental.core.work.schedule import declared_schedule
from bikerental.observe.process_metrics import ProcessesCollector
from bikerental.observe.task_metrics import CountedRequest, create_series
from bikerental.observe.tasks import beat_heartbeat
from bikerental.rentals.tasks import settle_rentals
from compose.bare.processes import free_port
from config.celery_app import app
from tests.live import environment, listens, own_redis, process, wait_for
from tests.support.waiting import eventually

TASK = beat_heartbeat.name


def count(state: str) -> float | None:
    return REGISTRY.get_sample_value("bikerental_task_seconds_count", {"task": TASK, "state": state})


@pytest.mark.parametrize(
    ("event", "state"), [("task-succeeded", "success"), ("task-failed", "failure"), ("task-retried", "retry")]
)
def test_each_outcome_of_a_task_is_counted_once(monkeypatch: pytest.MonkeyPatch, event: str, state: str) -> None:
    monkeypatch.setattr(Request, "send_event", lambda *_, **__: None)
    create_series([TASK])
    ended = CountedRequest.__new__(CountedRequest)
    ended._task = app.tasks[TASK]
    ended.time_start = 1.0
    before = count(state) or 0.0

    ended.send_event("task-started")
    ended.send_event(event)

    assert count(state) == before + 1


def test_every_task_is_counted() -> None:
    requests = {task.Request for name, task in app.tasks.items() if name.startswith("bikerental.")}

    assert requests == {"bikerental.observe.task_metrics:CountedRequest"}


def test_flower_gets_tasks_of_rides_but_not_sweeps() -> None:
    heard = {name for name, task in app.tasks.items() if name.startswith("bikerental.") and task.send_events}

    assert settle_rentals.name in heard
    assert heard & {each.task for each in declared_schedule()} == set()
    assert TASK not in heard


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_worker_of_the_stacks_has_metrics(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "worker.log"
    command = (sys.executable, "-m", "celery", "--app", "compose.production.django.heartbeat", "worker")
    counted = f'bikerental_task_seconds_count{{state="success",task="{TASK}"}} 1.0'
    with own_redis(tmp_path) as redis:
        settings = {"REDIS_URL": redis.url, "FIGURES_PORT": str(port), "HEARTBEAT_FILE": str(tmp_path / "beat")}
        with process(*command, "--concurrency", "1", env=environment(**settings), log=log) as running:
            Celery(broker=redis.url).send_task(TASK, queue="default")
            wait_for(lambda: listens(port), running, log)

            def told() -> str:
                with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    return str(answer.read(), "utf-8")

            assert eventually(lambda: counted in told(), 30), told()
            assert "bikerental_processes 2.0" in told()


def test_metrics_have_what_the_processes_use() -> None:
    found = {metric.name: metric.samples[0].value for metric in ProcessesCollector().collect()}

    assert found["bikerental_processes"] >= 1
    assert 2**20 < found["bikerental_processes_resident_bytes"] < 2**40
    assert found["bikerental_processes_cpu_seconds"] > 0
    assert found["bikerental_processes_open_files"] >= 3
