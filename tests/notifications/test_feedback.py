"""The endpoint for SNS: it accepts only messages of our own topic."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from pytest_django import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from bikerental.accounts.services import account_erase
from bikerental.notifications.gateways import sns as gateway
from bikerental.notifications.models import Notification, RefusedAddress
from bikerental.notifications.services import notification_deliver
from tests.factories import NOON, PASSWORD, make_user
from tests.notifications.conftest import OVERDUE, FakeMailer, make_notification
from tests.notifications.sns import (
    CERTIFICATE_URL,
    HOST,
    TOPIC,
    CertificateServer,
    Signer,
    certificate_server,
    unsigned,
)

HOOK = "/hooks/sns/"
EMAIL = "rider@example.org"
pytestmark = pytest.mark.django_db
Send = Callable[..., Response]


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def server(
    signer: Signer, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CertificateServer]:
    """SNS's host, on this machine."""
    settings.SNS_TOPIC_ARNS = [TOPIC]
    gateway._certificate.cache_clear()
    with certificate_server(signer, tmp_path) as server:
        (tmp_path / "trusted.pem").write_bytes(signer.pem)
        pool = gateway.pool_make(ca_certs=str(tmp_path / "trusted.pem"))
        monkeypatch.setattr(gateway, "_pool", pool)

        def to_this_machine(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
            assert address == (HOST, 443)
            return socket.create_connection(("127.0.0.1", server.server_port), timeout=2)

        monkeypatch.setattr("urllib3.util.connection.create_connection", to_this_machine)
        yield server
    gateway._certificate.cache_clear()


def post(document: dict[str, Any]) -> Response:
    """As SNS does: JSON with the content type of plain text."""
    return APIClient().post(HOOK, json.dumps(document), content_type="text/plain; charset=UTF-8")


@pytest.fixture
def send(signer: Signer) -> Send:
    def send(event: object = None, **changes: Any) -> Response:
        message = event if isinstance(event, str) else json.dumps(bounce() if event is None else event)
        return post(signer.sign(unsigned(message, now=datetime.now(UTC), **changes)))

    return send


def bounce(email: str = EMAIL, **changes: Any) -> dict[str, Any]:
    recipients = [{"emailAddress": email, "status": "5.1.1"}]
    details = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": recipients} | changes
    return {"eventType": "Bounce", "bounce": details, "mail": {"messageId": "ses-1"}}


def complaint(email: str = EMAIL, **changes: Any) -> dict[str, Any]:
    details = {"complainedRecipients": [{"emailAddress": email}], "complaintFeedbackType": "abuse"} | changes
    return {"notificationType": "Complaint", "complaint": details, "mail": {"messageId": "ses-1"}}


def marks() -> list[tuple[str, str, str]]:
    return list(RefusedAddress.objects.order_by("email").values_list("email", "reason", "detail"))


def test_a_lasting_bounce_marks_address_and_message(send: Send) -> None:
    sent = make_notification(
        recipient=make_user(email=EMAIL), state="sent", sent_at=NOON, attempts=1, provider_id="ses-1"
    )

    assert [send().status_code, send().status_code] == [200, 200]

    sent.refresh_from_db()
    assert marks() == [(EMAIL, "bounced", "General")]
    assert (sent.state, sent.feedback) == ("sent", "bounced")


@pytest.mark.parametrize("reported", ["rider@пример.рф", "rider@xn--e1afmkfd.xn--p1ai"])
def test_an_idn_is_marked_in_its_one_spelling(send: Send, reported: str) -> None:
    make_user(email="rider@пример.рф")

    assert send(bounce(reported)).status_code == 200

    assert marks() == [("rider@xn--e1afmkfd.xn--p1ai", "bounced", "General")]


def test_a_complaint_marks_the_address(send: Send) -> None:
    make_user(email=EMAIL)

    assert send(complaint("Rider <Rider@Example.org>")).status_code == 200

    assert marks() == [(EMAIL, "complained", "abuse")]


@pytest.mark.parametrize(
    "event",
    [
        bounce(bounceType="Transient"),
        bounce(bounceType="Undetermined"),
        complaint(complaintFeedbackType="not-spam"),
        bounce("stranger@example.org"),
        bounce(bouncedRecipients="odd"),
        bounce(bouncedRecipients=[7, {"emailAddress": 7}]),
        {"eventType": "Delivery", "mail": {"messageId": "ses-1"}},
        {"eventType": "Bounce", "bounce": 7, "mail": []},
        [],
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
    ids=str,
)
def test_reports_that_are_not_final_or_not_ours_mark_nothing(send: Send, event: object) -> None:
    make_user(email=EMAIL)

    assert send(event).status_code == 200

    assert marks() == []


def test_an_operators_address_is_ours_as_well(send: Send, settings: Settings) -> None:
    settings.OPERATOR_EMAILS = ["Operators@example.org"]

    send(bounce("operators@example.org"))

    assert [email for email, *_ in marks()] == ["operators@example.org"]


def test_nothing_more_is_sent_to_a_marked_address(send: Send) -> None:
    owed = make_notification(recipient=make_user(email=EMAIL))
    send()
    mailer = FakeMailer()

    assert notification_deliver(owed.pk, now=NOON, mailer=mailer) == "dropped"

    owed.refresh_from_db()
    assert (mailer.mails, owed.last_error) == ([], "address_refuses_mail")


def test_other_operators_are_still_told(send: Send, settings: Settings) -> None:
    settings.OPERATOR_EMAILS = ["one@example.org", "two@example.org"]
    owed = make_notification(kind="overdue_operators", context=OVERDUE)
    send(bounce("one@example.org"))
    mailer = FakeMailer()

    notification_deliver(owed.pk, now=NOON, mailer=mailer)

    assert [mail.to for mail in mailer.mails] == [("two@example.org",)]


def test_an_erased_account_leaves_no_address(send: Send) -> None:
    rider = make_user(email=EMAIL, name="Distinct Name")
    owed = make_notification(recipient=rider, last_error="SMTPRecipientsRefused 550", attempts=1)
    send()

    account_erase(rider=rider, password=PASSWORD, address="192.0.2.1", now=datetime.now(UTC))
    send()

    assert marks() == []
    rows = repr([*Notification.objects.values(), *RefusedAddress.objects.values()])
    assert str(owed.pk) in rows
    assert EMAIL not in rows
    assert "Distinct" not in rows


def tampered(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document | changes


def without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {name: value for name, value in document.items() if name != key}


@pytest.mark.parametrize(
    "change",
    [
        tampered(Message=json.dumps(bounce("other@example.org"))),
        tampered(Subject="added"),
        tampered(Signature="AAAA"),
        tampered(Signature="no base64"),
        tampered(Signature=7),
        tampered(Type="SubscriptionConfirmation"),
        tampered(Type=["Notification"]),
        tampered(Message=7),
        without("Signature"),
        without("Timestamp"),
        without("TopicArn"),
        without("Type"),
    ],
)
def test_a_message_that_sns_did_not_sign_is_refused(
    signer: Signer, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    for email in (EMAIL, "other@example.org"):
        make_user(email=email)

    answer = post(change(signer.sign(unsigned(json.dumps(bounce()), now=datetime.now(UTC)))))

    assert (answer.status_code, answer.json()["code"], marks()) == (403, "forbidden", [])


def test_another_key_under_snss_name_is_refused() -> None:
    make_user(email=EMAIL)

    answer = post(Signer().sign(unsigned(json.dumps(bounce()), now=datetime.now(UTC))))

    assert (answer.status_code, marks()) == (403, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-central-1.amazonaws.com:444/SimpleNotificationService-0123abcd.pem",
        "https://evil.example/SimpleNotificationService-0123abcd.pem",
        f"{CERTIFICATE_URL}?x=1",
        f"{CERTIFICATE_URL}\n",
        "https://sns.eu-central-1.amazonaws.com/../bucket/SimpleNotificationService-0123abcd.pem",
        "https://sns.eu-central-1.amazonaws.com/",
        "",
        None,
        7,
    ],
)
def test_a_certificate_from_elsewhere_is_not_fetched(send: Send, server: CertificateServer, url: object) -> None:
    make_user(email=EMAIL)

    assert send(SigningCertURL=url).status_code == 403

    assert (server.asked, marks()) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": "arn:aws:sns:eu-central-1:999999999999:mail-reports"},
        {"SignatureVersion": "1"},
        {"Timestamp": (datetime.now(UTC) - timedelta(hours=25)).isoformat()},
        {"Timestamp": (datetime.now(UTC) + timedelta(hours=25)).isoformat()},
        {"Timestamp": "2026-13-40T00:00:00Z"},
        {"Timestamp": "yesterday"},
    ],
)
def test_an_unknown_topic_or_an_old_message_is_refused(
    send: Send, server: CertificateServer, changes: dict[str, str]
) -> None:
    make_user(email=EMAIL)

    assert send(**changes).status_code == 403

    assert (server.asked, marks()) == ([], [])


def test_sha1_is_not_taken_for_sha256(signer: Signer) -> None:
    document = unsigned(json.dumps(bounce()), now=datetime.now(UTC))

    assert post(signer.sign(document, hashes.SHA1())).status_code == 403


def test_without_a_topic_nobody_is_believed(send: Send, settings: Settings) -> None:
    settings.SNS_TOPIC_ARNS = []

    assert send().status_code == 403


def test_the_certificate_is_fetched_once(send: Send, server: CertificateServer) -> None:
    assert [send().status_code for _ in range(3)] == [200, 200, 200]
    assert server.asked == ["/SimpleNotificationService-0123abcd.pem"]


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (404, b"", 403),
        (200, b"no certificate", 403),
        (302, b"", 403),
        (500, b"", 503),
    ],
)
def test_a_certificate_that_cannot_be_had(
    send: Send, server: CertificateServer, status: int, body: bytes, answer: int
) -> None:
    server.status, server.body = status, body
    server.headers = {"Location": CERTIFICATE_URL} if status == 302 else {}

    assert send().status_code == answer

    assert len(server.asked) == 1
    server.status, server.body, server.headers = 200, Signer().pem, {}
    send()
    assert len(server.asked) == 2  # the failure was not cached


def test_a_certificate_that_does_not_end_is_not_read_on(send: Send, server: CertificateServer, signer: Signer) -> None:
    server.body = signer.pem + b"\n" * gateway.CERTIFICATE_BYTES_MAX

    assert send().status_code == 403


def test_a_certificate_past_its_time_signs_nothing(server: CertificateServer) -> None:
    old = Signer(valid_from=datetime.now(UTC) - timedelta(days=30), valid_for=timedelta(days=29))
    server.body = old.pem

    assert post(old.sign(unsigned(json.dumps(bounce()), now=datetime.now(UTC)))).status_code == 403


def test_a_certificate_of_another_host_than_sns_is_refused(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(Signer().pem)
    pool = gateway.pool_make(ca_certs=str(tmp_path / "other.pem"))
    monkeypatch.setattr(gateway, "_pool", pool)

    assert send().status_code == 503


def test_the_wait_for_the_certificate_is_bounded() -> None:
    timeout = gateway.pool_make().connection_pool_kw["timeout"]

    assert (timeout.connect_timeout, timeout.read_timeout) == (3, 5)


def subscription(**changes: Any) -> dict[str, Any]:
    return {
        "Type": "SubscriptionConfirmation",
        "Token": "2336412f37",
        "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription",
    } | changes


def test_a_subscription_of_our_topic_is_confirmed_by_its_token(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed: list[tuple[str, str]] = []
    monkeypatch.setattr(gateway, "sns_confirm", lambda message: confirmed.append((message.topic, message.token)))

    assert send("You have chosen to subscribe", **subscription()).status_code == 200

    assert confirmed == [(TOPIC, "2336412f37")]


def test_an_unsubscription_is_told_to_the_operators_log(send: Send, caplog: pytest.LogCaptureFixture) -> None:
    assert send("You have chosen to leave", **subscription(Type="UnsubscribeConfirmation")).status_code == 200

    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("body", ["", "[]", "no json", '"text"'])
def test_a_body_that_is_no_sns_message_is_a_4xx(body: str) -> None:
    answer = APIClient().post(HOOK, body, content_type="text/plain")

    assert answer.status_code in {400, 403}
