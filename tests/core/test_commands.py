"""No argument that a person can type makes a command print a traceback."""

from argparse import Action
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.factories import make_user

NAMES = sorted(name for name, app in get_commands().items() if str(app).startswith("bikerental."))
ODD = [
    "", " ", "-1", "0", "1e9", "nan", "inf", "0x10", "%s", "٣", "🚲", "\udcff", "x" * 10_000,
    "9" * 19, "9" * 40, "9" * 5000, "999999d", "999999h", "99999999d", "d", "all",
]  # fmt: skip
NEEDED = {
    "agency_token": {"name": "City"},
    "issue_tokens": {"users": "1"},
    "operator_enrol": {"email": "nobody@example.org"},
    "simulate": {"url": "http://127.0.0.1:9"},  # where nothing listens
}


def arguments(name: str) -> Iterator[Action]:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    common = {action.dest for action in BaseCommand().create_parser("manage.py", "none")._actions}
    return (action for action in parser._actions if action.dest not in common and action.nargs != 0)


CASES = [(name, action, value) for name in NAMES for action in arguments(name) for value in ODD]


def words(action: Action, value: str) -> list[str]:
    return [f"{action.option_strings[0]}={value}"] if action.option_strings else ["--", value]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "action", "value"), CASES, ids=[f"{name}-{action.dest}-{value[:9]!a}" for name, action, value in CASES]
)
def test_an_odd_argument_is_taken_or_refused_with_a_sentence(name: str, action: Any, value: str) -> None:
    make_user()  # the demo city refuses to replace other people's accounts
    needed = {dest: text for dest, text in NEEDED.get(name, {}).items() if dest != action.dest}
    given = [word for other in arguments(name) if other.dest in needed for word in words(other, needed[other.dest])]

    with suppress(CommandError):
        call_command(name, *given, *words(action, value), stdout=StringIO(), stderr=StringIO())


def test_every_command_of_ours_is_tried() -> None:
    assert NAMES == [
        "agency_token", "database_limits", "database_roles", "figures", "issue_tokens", "load_fleet", "monitor_role",
        "operator_enrol", "preflight", "reconcile", "seed_demo", "simulate", "sync_schedule",
    ]  # fmt: skip
