"""How sending a message goes wrong. None of them ever reaches a client.

The texts name no address: they are kept beside the notification and logged.
"""


class MailError(Exception):
    """Base: another attempt may succeed."""


class MailDeferredError(MailError):
    """The mail server does not take this message for now."""


class MailRefusedError(MailError):
    """The mail server will never take this message."""


class MailUnreachableError(MailError):
    """The mail server is away or does not let us in: no message will pass for now."""
