"""Renders a message in the language of its row."""

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from bikerental.notifications.kinds import message_kinds
from bikerental.notifications.messages import EMAIL_CONFIRMATION, PASSWORD_RESET
from bikerental.notifications.models import Notification
from bikerental.users.services import email_token_make, reset_token_make

HIDDEN_LINK = "https://…"


class Content(NamedTuple):
    subject: str
    text: str
    html: str | None


class CityTime(NamedTuple):
    """For `notifications/time.txt`."""

    moment: datetime
    zone: str
    offset: str  # +03:00


def content_render(notification: Notification, *, now: datetime) -> Content:
    """The templates are those of the row's kind."""
    return _render(notification, _link(notification, now=now))


def content_preview(notification: Notification) -> Content:
    """What is sent or was sent, for operators. A link in it leads nowhere: whoever has the real one has the account.

    A message of a kind that this release does not know has no text.
    """
    kind = message_kinds().get(notification.kind)
    if kind is None:
        return Content("", "", None)
    days, minutes = settings.EMAIL_CONFIRM_TIMEOUT // 86400, settings.PASSWORD_RESET_TIMEOUT // 60
    return _render(notification, {"link": HIDDEN_LINK, "days": days, "minutes": minutes} if kind.has_link else {})


def _render(notification: Notification, link: dict[str, Any]) -> Content:
    context = _context(notification) | link
    kind = message_kinds()[notification.kind]
    name = f"{kind.templates}/{kind.name}"
    with translation.override(notification.language), timezone.override(settings.CITY_TIME_ZONE):
        return Content(
            subject=" ".join(render_to_string(f"{name}.subject.txt", context).split()),
            text=render_to_string(f"{name}.txt", context).strip() + "\n",
            html=render_to_string(f"{name}.html", context) if kind.has_html else None,
        )


def _city_time(text: str) -> CityTime:
    zone = settings.CITY_TIME_ZONE
    moment = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    # The template's filters leave the offset out for a time that occurs twice, where it matters most.
    offset = f"{moment:%z}"
    return CityTime(moment, zone, f"{offset[:3]}:{offset[3:5]}")


def _context(notification: Notification) -> dict[str, Any]:
    """The row's context with its ISO 8601 times as the city's."""
    times = {name: _city_time(value) for name, value in notification.context.items() if name.endswith("_at")}
    row = {"subject_id": notification.subject_id, "language": notification.language}
    return {**notification.context, **times, **row}


def _link(notification: Notification, *, now: datetime) -> dict[str, Any]:
    """The link in the mail. It is made when the mail is sent and stored nowhere."""
    user = notification.recipient
    if user is not None and notification.kind == PASSWORD_RESET.name:
        token = reset_token_make(user=user, now=now)
        link = settings.PASSWORD_RESET_URL.replace("{token}", token)
        return {"link": link, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    if user is not None and notification.kind == EMAIL_CONFIRMATION.name:
        token = email_token_make(user=user, now=now)
        link = settings.EMAIL_CONFIRM_URL.replace("{token}", token)
        return {"link": link, "days": settings.EMAIL_CONFIRM_TIMEOUT // 86400}
    return {}
