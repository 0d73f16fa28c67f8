"""Log lines as JSON, each with the request and the task it belongs to."""

import logging
from typing import Any

from celery import current_task
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from bikerental.core.context import request_id_var
from bikerental.core.redaction import redacted


class ContextFilter(logging.Filter):
    """Adds `request_id` and `task_id`; a filter, because it runs where the record is made."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get() or None
        record.task_id = current_task.request.id if current_task else None  # type: ignore[truthy-bool] # a proxy, false outside of a task
        return True


class JsonFormatter(BaseJsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}{task_id}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = redacted(super().process_log_record(log_data))
        return cleaned
