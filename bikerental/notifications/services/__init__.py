from bikerental.notifications.services.confirming import confirmation_request, rider_register
from bikerental.notifications.services.creating import (
    notification_create,
    notifications_create,
    notifications_send_again,
)
from bikerental.notifications.services.delivering import (
    notification_deliver,
    notifications_deliver,
    notifications_deliver_left_over,
)
from bikerental.notifications.services.failing import failed_rows_report
from bikerental.notifications.services.feedback import sns_message_handle
from bikerental.notifications.services.forgetting import (
    address_erase,
    addresses_forget,
    addresses_purge,
    notifications_purge,
    operators_words_erase,
    sent_mails_purge,
)
from bikerental.notifications.services.rendering import Content, content_preview
from bikerental.notifications.services.resetting import password_reset_request

__all__ = [
    "Content",
    "address_erase",
    "addresses_forget",
    "addresses_purge",
    "confirmation_request",
    "content_preview",
    "failed_rows_report",
    "notification_create",
    "notification_deliver",
    "notifications_create",
    "notifications_deliver",
    "notifications_deliver_left_over",
    "notifications_purge",
    "notifications_send_again",
    "operators_words_erase",
    "password_reset_request",
    "rider_register",
    "sent_mails_purge",
    "sns_message_handle",
]
