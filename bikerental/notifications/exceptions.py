"""Errors of sending mail, which no client sees, and the refusal of messages that are not from SNS.

The texts of mail errors contain no address, because they are stored with the notification and logged.
"""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Kind, Refusal


class MailError(Exception):
    """The base class. Another attempt may succeed."""


class MailDeferredError(MailError):
    """The mail server does not take this message for now."""


class MailRefusedError(MailError):
    """The mail server will never take this message."""


class MailUnreachableError(MailError):
    """The mail server is unavailable or refuses our log-in. Every message would fail now."""


class SnsRefusedError(Refusal):
    """A message that is not from our topic at SNS. The reason is for the log, not for the sender."""

    kind = Kind.FORBIDDEN
    code = "forbidden"
    detail = _("You may not do this.")

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
