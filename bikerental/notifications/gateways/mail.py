"""Sends mail through an SMTP server or the API of SES, behind a Protocol."""

from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Protocol
from uuid import UUID

from anymail.exceptions import AnymailAPIError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.validators import validate_email

from bikerental.core.domains import domain_to_ascii
from bikerental.notifications.exceptions import MailDeferredError, MailRefusedError, MailUnreachableError

# SES's error codes for a message that it will never accept. All other codes are about the account, its rights or its
# quotas, so every message would fail.
SES_REFUSES = {"MessageRejected", "BadRequestException"}


@dataclass(frozen=True, kw_only=True)
class Mail:
    id: UUID
    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None


class Mailer(Protocol):
    def send(self, mail: Mail) -> str:
        """Send one message. Returns the id that the provider uses in its reports, or "".

        :raises MailDeferredError, MailRefusedError, MailUnreachableError: nothing was sent
        """

    def close(self) -> None: ...


class DjangoMailer:
    """Django's mail backend. One connection carries a whole batch; EMAIL_TIMEOUT bounds each wait."""

    def __init__(self) -> None:
        self._connection = get_connection()

    def send(self, mail: Mail) -> str:
        message = _message(mail, self._connection)
        try:
            for address in mail.to:
                validate_email(address)  # Anymail may split an invalid address into several
            self._connection.open()
            message.send()
        except AnymailAPIError as error:
            raise _ses_error(error) from error
        except OSError as error:  # SMTPException is one
            self.close()
            raise _mail_error(error) from error
        # An address or a header that is not allowed in mail. The error's text may quote the address.
        except (ValidationError, ValueError) as error:
            raise MailRefusedError(type(error).__name__) from error
        # Anymail's backends set it.
        return getattr(getattr(message, "anymail_status", None), "message_id", None) or ""

    def close(self) -> None:
        with suppress(OSError):  # the server may have closed the connection
            self._connection.close()


def mailer_open() -> Mailer:
    return DjangoMailer()


def _message(mail: Mail, connection: object) -> EmailMultiAlternatives:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    sender = settings.DEFAULT_FROM_EMAIL.replace(domain, domain_to_ascii(domain))
    # The same in every attempt, so that a receiver of two copies can recognise them as one message.
    headers = {"Message-ID": f"<{mail.id}@{domain_to_ascii(domain)}>", "Auto-Submitted": "auto-generated"}
    recipients = [_with_ascii_domain(address) for address in mail.to]
    message = EmailMultiAlternatives(
        mail.subject, mail.text, sender, recipients, headers=headers, connection=connection
    )
    if mail.html is not None:
        message.attach_alternative(mail.html, "text/html")
    return message


def _with_ascii_domain(address: str) -> str:
    """The address with its domain in punycode, because servers accept no other. Django and Anymail convert some letters
    in another way.
    """
    local, at, domain = address.rpartition("@")
    return local + at + domain_to_ascii(domain)


def _mail_error(error: OSError) -> Exception:
    """The error for the message. It has only the code, because the server's text may quote the address."""
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


def _ses_error(error: AnymailAPIError) -> Exception:
    """As `_mail_error`; Anymail has boto3's error as the cause, and that one has a code if SES answered."""
    response = getattr(error.__cause__, "response", {})
    code = response.get("Error", {}).get("Code") or type(error.__cause__).__name__
    text = f"SES {code}"
    return MailRefusedError(text) if code in SES_REFUSES else MailUnreachableError(text)
