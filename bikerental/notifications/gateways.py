"""The mail server, behind a Protocol."""

from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from bikerental.notifications.exceptions import MailDeferredError, MailRefusedError, MailUnreachableError


@dataclass(frozen=True, kw_only=True)
class Mail:
    id: UUID
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand one message over.

        :raises MailDeferredError, MailRefusedError, MailUnreachableError: none of it was sent
        """

    def close(self) -> None: ...


class DjangoMailer:
    """Django's mail backend. One connection carries a whole batch; EMAIL_TIMEOUT bounds each wait."""

    def __init__(self) -> None:
        self._connection = get_connection()

    def send(self, mail: Mail) -> None:
        try:
            self._connection.open()
            _message(mail, self._connection).send()
        except OSError as error:  # SMTPException is one
            self.close()
            raise _translated(error) from error
        except ValueError as error:  # an address or a header that no mail can be written with
            raise MailRefusedError(type(error).__name__) from error

    def close(self) -> None:
        with suppress(OSError):  # saying goodbye to a server that has left
            self._connection.close()


def mailer_open() -> Mailer:
    return DjangoMailer()


def _message(mail: Mail, connection: object) -> EmailMultiAlternatives:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    # The same in every attempt: a receiver that got two can tell that they are one.
    headers = {"Message-ID": f"<{mail.id}@{domain}>", "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=list(mail.to), headers=headers, connection=connection)
    if mail.html is not None:
        message.attach_alternative(mail.html, "text/html")
    return message


def _translated(error: OSError) -> Exception:
    """What the failure means for the message; the server's own words may quote the address."""
    name = type(error).__name__
    match error:
        case SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            text = f"{name} {' '.join(map(str, codes))}"
            return MailRefusedError(text) if all(code >= 500 for code in codes) else MailDeferredError(text)
        case SMTPDataError() | SMTPSenderRefused():
            return MailDeferredError(f"{name} {error.smtp_code}")
        case SMTPException():
            return MailUnreachableError(f"{name} {getattr(error, 'smtp_code', '')}".strip())
    return MailUnreachableError(name)
