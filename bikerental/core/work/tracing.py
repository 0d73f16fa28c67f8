"""The headers of a task's message: the id of the request, and the time of sending."""

import time
from typing import Any

from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

from bikerental.core.context import request_id_var

SENT_AT = "sent_at"  # the header that every message of ours carries, in seconds since 1970


@before_task_publish.connect(dispatch_uid="sent_at")
def sent_at_add(headers: dict[str, Any], **_signal: Any) -> None:
    """Add the time of sending. The age of a queue is computed from it; Celery's messages have no such time."""
    headers[SENT_AT] = time.time()


@task_prerun.connect(dispatch_uid="request_id")
def request_id_set(task: Task[Any, Any], **_signal: Any) -> None:
    """Give the request's id to logs, Sentry and further tasks."""
    if not task.request.is_eager:  # an eager one runs inside its request
        request_id_var.set((task.request.headers or {}).get("request_id") or "")


@task_postrun.connect(dispatch_uid="request_id")
def request_id_clear(task: Task[Any, Any], **_signal: Any) -> None:
    if not task.request.is_eager:
        request_id_var.set("")
