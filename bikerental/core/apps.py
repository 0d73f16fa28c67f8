from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "bikerental.core"
    verbose_name = _("core")

    def ready(self) -> None:
        from bikerental.core.work import connections, tracing  # noqa: F401 - connect Celery's signals, in any process

        post_migrate.connect(_schedule_sync, sender=self, dispatch_uid="schedule_sync")


def _schedule_sync(using: str, **_signal: Any) -> None:
    """After every migrate: a deploy that adds a periodic task needs no further step."""
    from bikerental.core.work.schedule import declared_schedule, schedule_sync

    # `migrate core` alone, on an empty database, comes here before beat has its tables.
    if using == DEFAULT_DB_ALIAS and "django_celery_beat_periodictask" in connection.introspection.table_names():
        schedule_sync(declared_schedule())
