from typing import Any
from uuid import UUID

import pytest

from bikerental.core.work import enqueueing
from bikerental.notifications.gateways.mail import Mail
from bikerental.notifications.models import Notification
from tests.factories import NOON, make_user

RENTAL_ID = UUID("0197a000-0000-7000-8000-000000000001")
RECEIPT = {
    "bike_number": "T-000042",
    "started_at": "2026-06-15T12:00:00+00:00",
    "ended_at": "2026-06-15T15:18:30+03:00",
    "amount": "130.00",
    "currency": "RUB",
    "lines": [
        {"code": "unlock", "amount": "50.00"},
        {"code": "minutes", "quantity": 16, "unit_price": "5.00", "amount": "80.00"},
        {"code": "free_minutes", "quantity": 3, "amount": "0.00"},
    ],
}
OVERDUE = {"bike_number": "T-000042", "started_at": "2026-06-15T12:00:00+00:00", "overdue_after_minutes": 1440}


def draft(number: int = 1, **fields: Any) -> Notification:
    """A receipt, not saved, due since NOON."""
    values: dict[str, Any] = {
        "kind": "receipt",
        "subject_id": RENTAL_ID,
        "key": f"receipt:{number}",
        "context": RECEIPT,
        "next_attempt_at": NOON,
    }
    if fields.get("kind") != "overdue_operators" and not {"recipient", "recipient_id"} & set(fields):
        values["recipient"] = make_user()
    return Notification(**values | fields)


def make_notification(number: int = 1, **fields: Any) -> Notification:
    notification = draft(number, **{"language": "en"} | fields)
    notification.save()
    return notification


def address_of(notification: Notification) -> str:
    assert notification.recipient
    return notification.recipient.email


class FakeMailer:
    """Records the messages that it gets. It raises `error`, or calls `during`, while it sends."""

    def __init__(self, error: Exception | None = None, during: Any = None) -> None:
        self.error, self.during = error, during
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> str:
        self.mails.append(mail)
        if self.during:
            self.during()
        if self.error:
            raise self.error
        return f"given-{mail.id}"

    def close(self) -> None:
        pass


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The task and row of each note that was given to the publisher."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(enqueueing.publisher, "add", lambda note: found.append((note.task, note.row_id)))
    return found
