"""The number of passwords that are hashed at once."""

import threading

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from bikerental.users.hashers import OwaspArgon2PasswordHasher
from tests.support.threads import at_once


@pytest.fixture
def most_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many hashes ran when each began, including itself."""
    running, seen, mutex, both = [0], [], threading.Lock(), threading.Barrier(2)

    def watched(self: Argon2PasswordHasher, password: str, encoded: str) -> bool:
        with mutex:
            running[0] += 1
            seen.append(running[0])
        both.wait(timeout=20)  # until a second one is inside too
        with mutex:
            running[0] -= 1
        return True

    monkeypatch.setattr(Argon2PasswordHasher, "verify", watched)
    return seen


def test_two_passwords_are_hashed_at_once_and_the_others_wait(most_at_once: list[int]) -> None:
    verify = OwaspArgon2PasswordHasher().verify

    at_once(lambda _: verify("orange bicycle lamp", ""), times=8)

    assert (len(most_at_once), max(most_at_once)) == (8, 2)
