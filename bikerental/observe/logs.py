"""Log lines as JSON, each with the request and the task it belongs to."""

import logging
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from celery import current_task
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from bikerental.core.context import request_id_var
from bikerental.observe.redaction import redacted, redacted_text

FRAMES_MAX = 50  # the innermost of each exception
EXCEPTION_LENGTH_MAX = 16_000


class ContextFilter(logging.Filter):
    """Adds `request_id` and `task_id`. It is a filter because filters run in the thread that logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get() or None
        record.task_id = current_task.request.id if current_task else None  # type: ignore[truthy-bool] # a proxy, false outside of a task
        return True


class SeldomFilter(logging.Filter):
    """Keeps one record in a minute."""

    SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._again_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now < self._again_at:
            return False
        self._again_at = now + self.SECONDS
        return True


class JsonFormatter(BaseJsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}{task_id}",
            style="{",
            json_default=_described,
            reserved_attrs=[*RESERVED_ATTRS, "data"],  # in which Celery repeats the trace, and the task's arguments
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """As in the lines of `access.py`."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The end of the trace, up to a length. The error stands at its end."""
        kept: list[str] = []
        room = EXCEPTION_LENGTH_MAX
        for part in reversed(traceback.format_exception(*ei, limit=-FRAMES_MAX)):
            # Each part separately, so that a quoted row of PostgreSQL cannot reach into the next part.
            kept.insert(0, redacted_text(part))
            room -= len(kept[0])
            if room < 0:
                break
        return "".join(kept)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        processed = super().process_log_record(log_data)
        return {key: value if key == "exc_info" else redacted(value) for key, value in processed.items()}


def _described(value: object) -> str:
    """Text for a value that is not JSON, such as the request that Django adds to some records."""
    return redacted_text(repr(value))
