"""Beat's scheduler, touching the same heartbeat file at every turn of its loop."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from compose.production.django.heartbeat import FILE


class Scheduler(DatabaseScheduler):  # type: ignore[misc] # the package brings no types
    def tick(self, *arguments: Any, **keywords: Any) -> Any:
        FILE.touch()
        return super().tick(*arguments, **keywords)
