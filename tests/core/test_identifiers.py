"""Row ids."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122

import pytest

from bikerental.core.identifiers import first_uuid7, uuid7

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_ids_of_one_millisecond_are_in_the_order_made() -> None:
    made = [uuid7(NOON) for _ in range(5000)]

    assert made == sorted(made)
    assert len(set(made)) == 5000


def test_ids_grow_with_time() -> None:
    assert uuid7(NOON) < uuid7(NOON + timedelta(milliseconds=1)) < uuid7()
    assert first_uuid7(NOON) <= uuid7(NOON) < first_uuid7(NOON + timedelta(milliseconds=1))


def test_an_id_is_a_uuid_of_version_7() -> None:
    assert {(made.version, made.variant) for made in (uuid7(), uuid7(NOON))} == {(7, RFC_4122)}


def test_ids_do_not_tell_how_many_were_made() -> None:
    """The number after the time begins at random in each millisecond."""
    numbers = [made.int >> 42 & (2**20 - 1) for made in (uuid7(NOON + timedelta(milliseconds=n)) for n in range(5))]

    assert max(abs(later - earlier) for earlier, later in pairwise(numbers)) > 100


def test_other_ids_in_between_do_not_change_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    made = []
    for _ in range(100):
        made.append(uuid7())
        uuid7(NOON)

    assert made == sorted(made)


def test_an_id_ends_with_42_random_bits() -> None:
    assert len({uuid7(NOON).int % 2**42 for _ in range(1000)}) == 1000
