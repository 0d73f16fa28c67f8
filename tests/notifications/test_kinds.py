"""Each app declares its own messages."""

import pytest
from django.template.loader import get_template

from bikerental.notifications.kinds import MessageKind, message_kinds
from bikerental.notifications.models import Notification

OLDER = {"rows_failed", "take_outs_paused"}
KINDS = list(message_kinds().values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_its_templates(kind: MessageKind) -> None:
    suffixes = [".subject.txt", ".txt", *([".html"] if kind.has_html else [])]

    assert [get_template(f"{kind.templates}/{kind.name}{suffix}") for suffix in suffixes]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_name_says_who_gets_the_message(kind: MessageKind) -> None:
    assert kind.to_operators == (kind.name.endswith("_operators") or kind.name in OLDER)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_name_fits_its_column(kind: MessageKind) -> None:
    assert len(kind.name) <= (Notification._meta.get_field("kind").max_length or 0)
