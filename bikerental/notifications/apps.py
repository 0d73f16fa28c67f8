from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "bikerental.notifications"
    verbose_name = _("notifications")

    def ready(self) -> None:
        from bikerental.api.metrics import register_gauges
        from bikerental.notifications.selectors import notifications_unsent_count

        register_gauges(
            "notifications", lambda: {"bikerental_notifications_unsent": float(notifications_unsent_count())}
        )
