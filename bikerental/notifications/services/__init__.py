from bikerental.notifications.services.creating import notification_create, notifications_create, notifications_retry
from bikerental.notifications.services.delivering import (
    notification_deliver,
    notifications_deliver,
    notifications_deliver_left_over,
)

__all__ = [
    "notification_create",
    "notification_deliver",
    "notifications_create",
    "notifications_deliver",
    "notifications_deliver_left_over",
    "notifications_retry",
]
