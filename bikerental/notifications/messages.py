"""The messages about accounts, and about rows that make a task fail."""

from django.utils.translation import gettext_lazy as _

from bikerental.notifications.kinds import MessageKind

TEMPLATES = "notifications/messages"

ROWS_FAILED = MessageKind("rows_failed", _("rows that failed, to the operators"), TEMPLATES, to_operators=True)
PASSWORD_RESET = MessageKind("password_reset", _("password reset"), TEMPLATES, has_html=True, has_link=True)
EMAIL_CONFIRMATION = MessageKind(
    "email_confirmation", _("confirmation of the e-mail"), TEMPLATES, has_html=True, has_link=True
)
MESSAGES = (ROWS_FAILED, PASSWORD_RESET, EMAIL_CONFIRMATION)
