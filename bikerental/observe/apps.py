from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ObserveConfig(AppConfig):
    name = "bikerental.observe"
    verbose_name = _("Monitoring")

    def ready(self) -> None:
        from bikerental.observe import access  # noqa: F401 - connects Celery's signals

        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from bikerental.observe.traces import trace_tasks

            trace_tasks()
