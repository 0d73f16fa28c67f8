"""The Celery application with a heartbeat and with metrics for Prometheus.

The worker's own loop touches a file, and the file gets old if the loop hangs. `inspect ping` would be slow, and would
report a busy pool as dead.
"""

import os
from pathlib import Path
from typing import Any

from celery import bootsteps
from prometheus_client import REGISTRY, start_http_server

from bikerental.observe.process_metrics import ProcessesCollector
from bikerental.observe.task_metrics import create_series
from config.celery_app import app

__all__ = ["app"]

FILE = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))  # noqa: S108 - a tmpfs of the container's own
SECONDS = 5
FIGURES_PORT = int(os.environ.get("FIGURES_PORT", "8001"))


class Heartbeat(bootsteps.StartStopStep):
    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        worker.timer.call_repeatedly(SECONDS, FILE.touch)


class Figures(bootsteps.StartStopStep):
    """Answers Prometheus, inside the network. It starts after the pool, so that no child is forked from a thread's
    process at the start."""

    requires = ("celery.worker.components:Pool",)

    def start(self, worker: Any) -> None:
        create_series([name for name in app.tasks if name.startswith("bikerental.")])
        REGISTRY.register(ProcessesCollector())
        start_http_server(FIGURES_PORT)


app.steps["worker"].add(Heartbeat)
app.steps["worker"].add(Figures)
