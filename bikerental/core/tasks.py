"""Celery's ways in, and the request id that a task's message carries."""

import time
from pathlib import Path
from typing import Any

from celery import Task, shared_task
from celery.signals import before_task_publish, task_postrun, task_prerun
from django.conf import settings
from django.utils import timezone

from bikerental.core.context import request_id_var
from bikerental.core.queues import SENT_AT


@shared_task
def beat_heartbeat(**_newer: object) -> None:
    """Show that beat sends, the broker carries and a worker writes."""
    from bikerental.core.services import heartbeat_record

    heartbeat_record(name="beat", now=timezone.now())
    if settings.HEARTBEAT_FILE:
        Path(settings.HEARTBEAT_FILE).touch()


@before_task_publish.connect(dispatch_uid="sent_at")
def sent_at_put(headers: dict[str, Any], **_signal: Any) -> None:
    """Let the queue's age be read from the broker; the message knows no time of its own."""
    headers[SENT_AT] = time.time()


@task_prerun.connect(dispatch_uid="request_id")
def request_id_take(task: Task[Any, Any], **_signal: Any) -> None:
    """Let logs, Sentry and further tasks name the request that caused this one."""
    if not task.request.is_eager:  # an eager one runs inside its request
        request_id_var.set((task.request.headers or {}).get("request_id") or "")


@task_postrun.connect(dispatch_uid="request_id")
def request_id_drop(task: Task[Any, Any], **_signal: Any) -> None:
    if not task.request.is_eager:
        request_id_var.set("")
