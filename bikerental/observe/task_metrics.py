"""How often each task ran, how it ended and how long it took: for Prometheus.

The worker's main process counts. Its children are replaced often, and each would leave a file of metrics behind.
"""

import functools
import time
from itertools import chain
from typing import Any

from celery import Task
from celery.worker.request import Request
from prometheus_client import Histogram

from bikerental.core.registry import declared

SECONDS = Histogram(
    "bikerental_task_seconds",
    "Time of a task in the worker, by how it ended.",
    ["task", "state"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0),
)
STATES = {
    "task-succeeded": "success",
    "task-failed": "failure",
    "task-retried": "retry",
    "task-rejected": "rejected",
    "task-revoked": "revoked",
}


class CountedRequest(Request):
    """A task in the worker's main process. Celery sends an event at each end, also if nobody listens."""

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        if state := STATES.get(type):
            began = self.time_start
            SECONDS.labels(self.task.name, state).observe(max(0.0, time.time() - began) if began else 0.0)
        super().send_event(type, **fields)


class CountedTask(Task[Any, Any]):
    Request = f"{CountedRequest.__module__}:{CountedRequest.__qualname__}"

    @property
    def send_events(self) -> bool:  # type: ignore[override] # Celery only reads it
        """Whether Flower shows the task. It does not show periodic tasks, which would push the others out of its
        list."""
        return self.name not in _periodic()


@functools.cache
def _periodic() -> frozenset[str]:
    # Not `declared_schedule`: its module needs models, and Celery imports this one before Django has them.
    return frozenset(each.task for each in chain.from_iterable(declared("schedule", "SCHEDULE")))


def create_series(names: list[str]) -> None:
    """Begin the series of these tasks at zero. Otherwise Prometheus would not see the first increase."""
    for name in names:
        SECONDS.labels(name, "success")
        SECONDS.labels(name, "failure")
