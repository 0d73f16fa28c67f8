"""The Celery application with a heartbeat: the worker's own loop touches a file, and the file gets old if the loop
hangs.

`inspect ping` would be slow, and would report a busy pool as dead.
"""

import os
from pathlib import Path
from typing import Any

from celery import bootsteps

from config.celery_app import app

__all__ = ["app"]

FILE = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))  # noqa: S108 - a tmpfs of the container's own
SECONDS = 5


class Heartbeat(bootsteps.StartStopStep):
    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        worker.timer.call_repeatedly(SECONDS, FILE.touch)


app.steps["worker"].add(Heartbeat)
