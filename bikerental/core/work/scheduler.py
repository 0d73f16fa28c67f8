"""django-celery-beat's scheduler, which also works after the clock was set back.

A task's next run counts from `last_run_at`. If the clock was ahead when that was written, the task would
not run until the clock reaches that time again, even after a restart of beat.
"""

import time
from datetime import datetime
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry


class Entry(ModelEntry):  # type: ignore[misc] # the package brings no types
    last_run_at: datetime

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.last_run_at = self.model.last_run_at = min(self.last_run_at, self._default_now())


class Scheduler(DatabaseScheduler):  # type: ignore[misc] # the package brings no types
    Entry = Entry
    _ticked_at = 0.0

    def tick(self, *arguments: Any, **keywords: Any) -> Any:
        now = time.time()
        if now < self._ticked_at:  # the clock was set back while beat runs: the times in memory lie in the future
            self._last_full_sync = datetime.min  # noqa: DTZ901 - compared with naive ones; the table is read anew
        self._ticked_at = now
        return super().tick(*arguments, **keywords)
