"""What a deploy does if a migration and requests are in each other's way."""

import pytest
from django.db import OperationalError

from compose.production.django import migrate


class DriverError(Exception):
    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors that the attempts to migrate get, in order."""
    errors: list[str] = []

    def call_command(*_: str, **__: bool) -> None:
        if errors:
            raise OperationalError from DriverError(errors.pop(0))

    monkeypatch.setattr(migrate, "call_command", call_command)
    monkeypatch.setattr(migrate, "_take_turn", lambda: None)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0)
    return errors


def test_a_migration_is_tried_again_while_rides_are_in_its_way(attempts: list[str]) -> None:
    attempts += ["55P03", "40P01"]

    migrate.main()

    assert attempts == []


@pytest.mark.parametrize("errors", [["57014"], ["55P03"] * migrate.ATTEMPTS])
def test_other_errors_and_the_last_attempt_end_it(attempts: list[str], errors: list[str]) -> None:
    attempts += errors

    with pytest.raises(OperationalError):
        migrate.main()

    assert attempts == []
