"""The kinds of messages. The app that a kind is about declares it as one of `MESSAGES` in its `messages.py`."""

import functools
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from django.utils.functional import Promise

from bikerental.core.registry import declared


class MessageKind(NamedTuple):
    """One kind of message.

    Its templates are `<templates>/<name>.subject.txt`, `<name>.txt` and, with `has_html`, `<name>.html`. The names of
    kinds for operators end with `_operators`, because a constraint uses that. Two kinds are older than this rule.
    """

    name: str
    label: Promise  # for the admin
    templates: str
    to_operators: bool = False
    has_html: bool = False
    has_link: bool = False  # the rider waits for it now, and can ask for a new one
    may_be_sent_again: bool = False  # even if it was sent


@functools.cache
def message_kinds() -> Mapping[str, MessageKind]:
    """All kinds by name."""
    return {kind.name: kind for kind in chain.from_iterable(declared("messages", "MESSAGES"))}


def kinds_with_link() -> list[str]:
    return [kind.name for kind in message_kinds().values() if kind.has_link]
