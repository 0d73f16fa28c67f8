"""Beat's scheduler. It touches the same heartbeat file in every turn of its loop."""

from typing import Any

from bikerental.core.work.scheduler import Scheduler as OurScheduler
from compose.production.django.heartbeat import FILE


class Scheduler(OurScheduler):
    def tick(self, *arguments: Any, **keywords: Any) -> Any:
        FILE.touch()
        return super().tick(*arguments, **keywords)
