"""A worker keeps its database connection from task to task, as the web server does from request to request.

Celery closes it after each task. Then each task would log in to PostgreSQL and plan its statements again. With
`CELERY_DB_REUSE_MAX` Celery keeps it.
"""

from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections


@task_prerun.connect(dispatch_uid="connections")
@task_postrun.connect(dispatch_uid="connections")
def connections_renew(task: Task[Any, Any], **_signal: Any) -> None:
    """Close connections that are broken or older than CONN_MAX_AGE; the next statement checks the others."""
    if not task.request.is_eager:  # an eager one runs inside its request
        close_old_connections()
