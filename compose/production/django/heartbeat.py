"""Worker and beat touch a file from their own loops; a loop that hangs lets it grow old.

`inspect ping` would be slow, and would call a busy pool dead.
"""

import os
from pathlib import Path
from typing import Any

from celery import bootsteps
from django_celery_beat.schedulers import DatabaseScheduler

from config.celery_app import app

FILE = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))  # noqa: S108 - a tmpfs of the container's own
SECONDS = 5


class Heartbeat(bootsteps.StartStopStep):
    requires = {"celery.worker.components:Timer"}

    def start(self, worker: Any) -> None:
        worker.timer.call_repeatedly(SECONDS, FILE.touch)


class Scheduler(DatabaseScheduler):  # type: ignore[misc] - the package brings no types
    def tick(self, *arguments: Any, **keywords: Any) -> Any:
        FILE.touch()
        return super().tick(*arguments, **keywords)


app.steps["worker"].add(Heartbeat)
