"""The Celery application: `celery -A config.celery_app worker`."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("bikerental", task_cls="bikerental.observe.task_metrics:CountedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(dispatch_uid="logging")
def celery_logging_disable(**_signal: Any) -> None:
    """Django has configured logging. With a receiver here Celery adds no handlers, whose lines would not be JSON."""
