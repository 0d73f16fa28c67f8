"""How often tasks ran and how they ended, as the worker's main process counts them."""

import pytest
from celery.worker.request import Request
from prometheus_client import REGISTRY

from bikerental.core.work.schedule import declared_schedule
from bikerental.observe.process_figures import ProcessesCollector
from bikerental.observe.task_figures import CountedRequest, begin_at_zero
from bikerental.observe.tasks import beat_heartbeat
from bikerental.rentals.tasks import settle_rentals
from config.celery_app import app

TASK = beat_heartbeat.name


def count(state: str) -> float | None:
    return REGISTRY.get_sample_value("bikerental_task_seconds_count", {"task": TASK, "state": state})


@pytest.mark.parametrize(
    ("event", "state"), [("task-succeeded", "success"), ("task-failed", "failure"), ("task-retried", "retry")]
)
def test_each_end_is_counted_once(monkeypatch: pytest.MonkeyPatch, event: str, state: str) -> None:
    monkeypatch.setattr(Request, "send_event", lambda *_, **__: None)
    begin_at_zero([TASK])
    ended = CountedRequest.__new__(CountedRequest)
    ended._task = app.tasks[TASK]
    ended.time_start = 1.0
    before = count(state) or 0.0

    ended.send_event("task-started")
    ended.send_event(event)

    assert count(state) == before + 1


def test_every_task_is_counted() -> None:
    requests = {task.Request for name, task in app.tasks.items() if name.startswith("bikerental.")}

    assert requests == {"bikerental.observe.task_figures:CountedRequest"}


def test_flower_hears_of_rides_and_not_of_sweeps() -> None:
    heard = {name for name, task in app.tasks.items() if name.startswith("bikerental.") and task.send_events}

    assert settle_rentals.name in heard
    assert heard & {each.task for each in declared_schedule()} == set()
    assert TASK not in heard


def test_a_service_knows_what_its_processes_use() -> None:
    found = {metric.name: metric.samples[0].value for metric in ProcessesCollector().collect()}

    assert found["bikerental_processes"] >= 1
    assert 2**20 < found["bikerental_processes_resident_bytes"] < 2**40
    assert found["bikerental_processes_cpu_seconds"] > 0
    assert found["bikerental_processes_open_files"] >= 3
