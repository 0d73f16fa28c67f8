"""One line for each request and one for each task: what it was, how it ended, and how long it took.

The fields are ours, so a stranger can put nothing into a line: the route is a pattern of `urls.py`, and the id of the
request was checked. A line has no path, no query, no header and no address.
"""

import logging
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from celery import Task
from celery.signals import task_failure, task_postrun, task_prerun

requests = logging.getLogger("bikerental.requests")
tasks = logging.getLogger("bikerental.tasks")

STDERR = 2
_started: dict[str, float] = {}  # when the running tasks of this process began


def write_line(line: bytes) -> None:
    """Write the line with one call. A line that is shorter than a memory page does not mix with other processes'
    lines."""
    with suppress(OSError):  # nobody reads the log
        os.write(STDERR, line)


def write_fields(logger: logging.Logger, fields: dict[str, Any]) -> None:
    """Write a line if the logger's level allows it. The handlers of `logging`, which are not used, take four times as
    long."""
    if logger.isEnabledFor(logging.INFO):
        head = {"time": datetime.now(UTC), "level": "INFO", "logger": logger.name}
        write_line(orjson.dumps(head | fields, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


def write_request(
    *, request_id: str, method: str, route: str, status: int, seconds: float, user_id: UUID | None = None
) -> None:
    """:param route: the pattern, so that a line has no ids and no inventions of strangers"""
    write_fields(
        requests,
        {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "user_id": user_id,
        },
    )


def write_task(task: Task[Any, Any], task_id: str, *, state: str, request_id: str, seconds: float | None) -> None:
    ms = None if seconds is None else round(seconds * 1000, 1)
    write_fields(
        tasks, {"request_id": request_id or None, "task": task.name, "task_id": task_id, "state": state, "ms": ms}
    )


@task_prerun.connect(dispatch_uid="access")
def task_started(task_id: str, **_signal: Any) -> None:
    _started[task_id] = time.perf_counter()


@task_postrun.connect(dispatch_uid="access")
def task_ended(task: Task[Any, Any], task_id: str, state: str | None, **_signal: Any) -> None:
    began = _started.pop(task_id, None)
    if not task.request.is_eager:  # an eager one runs inside its request
        seconds = None if began is None else time.perf_counter() - began
        # From the message: the context may already have the id of another request.
        request_id = (task.request.headers or {}).get("request_id") or ""
        # Without a state the task was rejected, or put back.
        write_task(task, task_id, state=state or "REJECTED", request_id=request_id, seconds=seconds)


@task_failure.connect(dispatch_uid="access")
def task_lost(sender: Task[Any, Any], task_id: str, **_signal: Any) -> None:
    """A task whose process was killed, because of its time limit or from outside, ends in the worker's main process."""
    if sender.request.id is None:
        write_task(sender, task_id, state="LOST", request_id="", seconds=None)
