"""The meaning of the mail server's answers, over real sockets."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import UUID

import pytest
from django.core.mail import get_connection
from pytest_django import Settings

from bikerental.notifications.exceptions import (
    MailDeferredError,
    MailError,
    MailRefusedError,
    MailUnreachableError,
)
from bikerental.notifications.gateways.mail import Mail, mailer_open
from tests.notifications.smtp_server import SmtpServer, smtp_server

ADDRESS = "rider@example.org"
MAIL = Mail(id=UUID(int=7), to=(ADDRESS,), subject="Hello", text="Text", html="<p>Html</p>")

Serve = Callable[..., SmtpServer]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with ExitStack() as stack:

        def start(**answers: str) -> SmtpServer:
            server = stack.enter_context(smtp_server(answers))
            settings.EMAIL_PORT = server.server_address[1]
            return server

        yield start


def send(mail: Mail = MAIL) -> None:
    with closing(mailer_open()) as mailer:
        mailer.send(mail)


def test_a_message_has_both_forms_and_an_id_made_from_its_row(serve: Serve, settings: Settings) -> None:
    server = serve()
    settings.DEFAULT_FROM_EMAIL = "Bike rental <no-reply@bikes.example>"

    send()

    (received,) = server.received
    assert f"Message-ID: <{MAIL.id}@bikes.example>" in received
    assert re.findall("Content-Type: (text/[a-z]+)", received) == ["text/plain", "text/html"]


def test_domains_are_sent_in_punycode(serve: Serve, settings: Settings) -> None:
    """Also if Django's own conversion gives another result, and if an operator's address was never normalised."""
    server = serve()
    settings.DEFAULT_FROM_EMAIL = "Прокат <no-reply@faß.example>"

    send(Mail(id=MAIL.id, to=("Operator@FAß.example", "rider@пример.рф"), subject="Hello", text="Text"))

    (received,) = server.received
    assert "To: Operator@xn--fa-hia.example, rider@xn--e1afmkfd.xn--p1ai" in received
    assert "<no-reply@xn--fa-hia.example>" in received
    assert f"Message-ID: <{MAIL.id}@xn--fa-hia.example>" in received
    assert server.recipients == ["Operator@xn--fa-hia.example", "rider@xn--e1afmkfd.xn--p1ai"]


def test_two_messages_share_a_connection(serve: Serve) -> None:
    server = serve()

    with closing(mailer_open()) as mailer:
        mailer.send(MAIL)
        mailer.send(MAIL)

    assert (server.connections, len(server.received)) == (1, 2)


@pytest.mark.parametrize(
    ("answers", "error", "text"),
    [
        ({"RCPT": f"550 {ADDRESS} unknown"}, MailRefusedError, "SMTPRecipientsRefused 550"),
        ({"RCPT": f"450 {ADDRESS} later"}, MailDeferredError, "SMTPRecipientsRefused 450"),
        ({"MAIL": "451 later"}, MailDeferredError, "SMTPSenderRefused 451"),
        ({"MAIL": "550 no such sender"}, MailDeferredError, "SMTPSenderRefused 550"),
        ({".": f"451 {ADDRESS} later"}, MailDeferredError, "SMTPDataError 451"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, MailUnreachableError, "SMTPHeloError 421"),
        ({"RCPT": "hang up"}, MailUnreachableError, "SMTPServerDisconnected"),
    ],
)
def test_an_answer_is_told_apart_and_its_words_are_not_kept(
    serve: Serve, answers: dict[str, str], error: type[MailError], text: str
) -> None:
    serve(**answers)

    with pytest.raises(error) as caught:
        send()

    assert str(caught.value) == text


def test_after_a_refusal_the_next_message_passes(serve: Serve) -> None:
    server = serve(RCPT="550 unknown")
    with closing(mailer_open()) as mailer:
        with pytest.raises(MailRefusedError):
            mailer.send(MAIL)

        server.answers.clear()
        mailer.send(MAIL)

    assert len(server.received) == 1


def test_after_a_broken_connection_a_new_one_is_made(serve: Serve) -> None:
    server = serve(RCPT="hang up")
    with closing(mailer_open()) as mailer:
        with pytest.raises(MailUnreachableError):
            mailer.send(MAIL)

        server.answers.clear()
        mailer.send(MAIL)

    assert (server.connections, len(server.received)) == (2, 1)


def test_an_address_that_cannot_be_written_is_refused(serve: Serve) -> None:
    serve()

    with pytest.raises(MailRefusedError):
        send(Mail(id=MAIL.id, to=("rider@example.org\nBcc: x@example.org",), subject="", text=""))


def test_nobody_listening_is_unreachable(serve: Serve, settings: Settings) -> None:
    serve()
    with socket.socket() as taken:  # bound, so that no other program listens there
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = taken.getsockname()[1]

        with pytest.raises(MailUnreachableError, match="ConnectionRefusedError"):
            send()


def test_a_server_that_says_nothing_is_given_up(serve: Serve, settings: Settings) -> None:
    serve()
    settings.EMAIL_TIMEOUT = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        begun = time.monotonic()

        with pytest.raises(MailUnreachableError):
            send()

    assert time.monotonic() - begun < 2


def test_the_wait_for_the_server_is_bounded_by_default(serve: Serve) -> None:
    assert get_connection().timeout == 10
