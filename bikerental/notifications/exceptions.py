"""How sending a message goes wrong, which never reaches a client, and what the door for SNS refuses.

The texts of the former name no address: they are kept beside the notification and logged.
"""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Kind, Refusal


class MailError(Exception):
    """Base: another attempt may succeed."""


class MailDeferredError(MailError):
    """The mail server does not take this message for now."""


class MailRefusedError(MailError):
    """The mail server will never take this message."""


class MailUnreachableError(MailError):
    """The mail server is away or does not let us in: no message will pass for now."""


class SnsRefusedError(Refusal):
    """A message that is not from our topic at SNS. Why is for the log, not for who sent it."""

    kind = Kind.FORBIDDEN
    code = "forbidden"
    detail = _("You may not do this.")

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
