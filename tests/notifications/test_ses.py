"""Mail over SES's API: Anymail and boto3 as in production, only with moto's endpoint."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs
from uuid import UUID

import pytest
import requests
from botocore.config import Config
from pytest_django import Settings

from bikerental.core.errors import UnavailableError
from bikerental.notifications.exceptions import MailRefusedError, MailUnreachableError, SnsRefusedError
from bikerental.notifications.gateways.mail import Mail, mailer_open
from bikerental.notifications.gateways.sns import SUBSCRIPTION, SnsMessage, sns_confirm
from bikerental.notifications.models import Notification
from bikerental.notifications.services import notification_deliver, notifications_deliver
from compose.bare.processes import free_port
from tests.factories import PASSWORD, make_user
from tests.live import web_server, worker
from tests.notifications.conftest import address_of, make_notification
from tests.notifications.ses_server import REGION, Aws, aws_server
from tests.notifications.sns import TOPIC
from tests.support.serving import serving
from tests.support.waiting import eventually
from tests.users.calls import NEW_PASSWORD

pytestmark = pytest.mark.slow
MAIL = Mail(id=UUID(int=7), to=("rider@example.org",), subject="Ваша поездка", text="Text", html="<p>Html</p>")


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(server: Aws, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """SES with our sender verified, and this process set up for it."""
    server.reset()
    server.client("sesv2").create_email_identity(EmailIdentity="no-reply@bikerental.example")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings.EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
    settings.ANYMAIL = {
        "AMAZON_SES_CLIENT_PARAMS": {"region_name": REGION, "config": Config(**settings.AWS_CLIENT_OPTIONS)}
    }
    return server


def send(mail: Mail = MAIL) -> str:
    with closing(mailer_open()) as mailer:
        return mailer.send(mail)


def parts(message: Message) -> list[str]:
    return [part.get_content_type() for part in message.walk() if not part.is_multipart()]


def test_ses_gets_both_forms_and_names_the_message(aws: Aws) -> None:
    provider_id = send()

    (message,) = aws.sent()
    assert provider_id
    assert parts(message) == ["text/plain", "text/html"]
    assert message["To"] == "rider@example.org"


def test_ses_is_given_domains_in_punycode(aws: Aws) -> None:
    send(Mail(id=MAIL.id, to=("rider@пример.рф",), subject="Hello", text="Text"))

    (message,) = aws.sent()
    assert message["To"] == "rider@xn--e1afmkfd.xn--p1ai"


@pytest.mark.django_db
def test_a_message_sent_by_ses_is_sent_once_and_keeps_its_name(aws: Aws) -> None:
    row = make_notification()

    for _ in range(2):
        notifications_deliver([row.pk])

    row.refresh_from_db()
    (message,) = aws.sent()
    assert (row.state, row.attempts, message["To"]) == ("sent", 1, address_of(row))
    assert row.provider_id


def test_a_sender_that_is_not_verified_is_refused_for_good(aws: Aws, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "somebody@else.example"

    with pytest.raises(MailRefusedError, match="SES MessageRejected"):
        send()

    assert aws.sent() == []


@pytest.mark.django_db
def test_a_permanent_refusal_is_noted_and_not_tried_again(aws: Aws, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "somebody@else.example"
    row = make_notification()

    assert notifications_deliver([row.pk]) == 0
    settings.DEFAULT_FROM_EMAIL = "no-reply@bikerental.example"
    with closing(mailer_open()) as mailer:
        assert notification_deliver(row.pk, now=datetime.now(UTC), mailer=mailer) is None

    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error, aws.sent()) == ("failed", 1, "SES MessageRejected", [])


def test_ses_that_is_away_is_unreachable(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(MailUnreachableError, match="SES EndpointConnectionError"):
        send()


def test_without_credentials_it_is_unreachable(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))

    with pytest.raises(MailUnreachableError, match="SES NoCredentialsError"):
        send()


def test_an_address_that_cannot_be_written_is_refused(aws: Aws) -> None:
    with pytest.raises(MailRefusedError):
        send(Mail(id=MAIL.id, to=("rider@example.org\nBcc: x@example.org",), subject="", text=""))

    assert aws.sent() == []


class SnsApi(BaseHTTPRequestHandler):
    """SNS's answers to ConfirmSubscription. moto would treat a request without a signature as one for S3."""

    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append(form)
        is_good = form["Token"] == ["2336412f37"]
        body = (
            "<ConfirmSubscriptionResponse><ConfirmSubscriptionResult><SubscriptionArn>arn</SubscriptionArn>"
            "</ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
            if is_good
            else "<ErrorResponse><Error><Code>InvalidParameter</Code><Message>Token</Message></Error></ErrorResponse>"
        )
        self.send_response(200 if is_good else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_a_subscription_is_confirmed_by_its_token_alone(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    SnsApi.asked.clear()
    good = SnsMessage(kind=SUBSCRIPTION, topic=TOPIC, text="", token="2336412f37")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), SnsApi)) as api:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{api.server_port}")
        sns_confirm(good)
        with pytest.raises(SnsRefusedError):
            sns_confirm(good._replace(token="expired"))

    assert [(form["Action"], form["TopicArn"]) for form in SnsApi.asked] == [(["ConfirmSubscription"], [TOPIC])] * 2


def test_a_subscription_waits_while_sns_is_away(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{free_port()}")

    with pytest.raises(UnavailableError):
        sns_confirm(SnsMessage(kind=SUBSCRIPTION, topic=TOPIC, text="", token="2336412f37"))


@pytest.mark.django_db(transaction=True)
def test_a_rider_gets_back_in_by_mail(aws: Aws, tmp_path: Path) -> None:
    """Web server, worker and SES, configured by the environment as in production."""
    rider = make_user(email="rider@example.org")
    mailing = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "EMAIL_URL": f"ses://{REGION}", **aws.environment}
    with (
        web_server(tmp_path / "web.log", processes=1) as address,
        worker(tmp_path / "worker.log", PASSWORD_RESET_URL="https://app.example/#{token}", **mailing),
    ):
        post(address, "auth/password/reset/", email=rider.email)
        assert eventually(lambda: bool(aws.sent()), seconds=60)
        (message,) = aws.sent()
        (token,) = re.findall(r"https://app\.example/#(\S+)", text_of(message))
        confirmed = post(address, "auth/password/reset/confirm/", token=token, new_password=NEW_PASSWORD)
        logins = [post(address, "auth/token/", email=rider.email, password=each) for each in (PASSWORD, NEW_PASSWORD)]

    assert (confirmed, logins) == (204, [401, 200])
    assert Notification.objects.get().provider_id
    logs = (tmp_path / "worker.log").read_text() + (tmp_path / "web.log").read_text()
    assert token.partition(".")[2] not in logs
    assert rider.email not in logs


def post(address: str, path: str, **body: str) -> int:
    return requests.post(f"{address}/api/v1/{path}", json=body, timeout=30).status_code


def text_of(message: Message) -> str:
    (text,) = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    return bytes(text.get_payload(decode=True)).decode()
