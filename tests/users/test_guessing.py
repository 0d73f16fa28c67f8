from datetime import datetime, timedelta

import pytest
from django.db import OperationalError
from psycopg2 import errorcodes

from bikerental.core.db.transactions import sqlstate
from bikerental.core.errors import ThrottledError
from bikerental.users.exceptions import CredentialsInvalidError
from bikerental.users.models import GuessCounter
from bikerental.users.services import credentials_check, guess_counters_purge
from bikerental.users.services.guessing import guess_succeeded
from tests.factories import NOON, PASSWORD, make_user
from tests.support.threads import at_once

HOME = "192.0.2.10"
ELSEWHERE = "198.51.100.7"

pytestmark = pytest.mark.django_db


def guess(email: str, *, address: str = HOME, password: str = "wrong", now: datetime = NOON) -> str:
    try:
        credentials_check(email=email, password=password, address=address, now=now)
    except CredentialsInvalidError:
        return "refused"
    except ThrottledError:
        return "slowed"
    return "in"


def guess_in_a_crowd(email: str, *, address: str, password: str = "wrong") -> str:
    try:
        return guess(email, address=address, password=password)
    except OperationalError as error:  # the wait for a row ended: a 503, without a check
        if sqlstate(error) != errorcodes.LOCK_NOT_AVAILABLE:
            raise
        return "busy"


def guess_from_everywhere(email: str, *, times: int, now: datetime = NOON) -> list[str]:
    return [guess(email, address=f"203.0.113.{number}", now=now) for number in range(times)]


def wait_for(email: str, *, address: str = HOME, now: datetime = NOON) -> float:
    with pytest.raises(ThrottledError) as refusal:
        credentials_check(email=email, password=PASSWORD, address=address, now=now)
    assert refusal.value.retry_after is not None
    return refusal.value.retry_after


def test_five_wrong_passwords_cause_no_wait() -> None:
    rider = make_user()

    assert [guess(rider.email) for _ in range(5)] == ["refused"] * 5
    assert guess(rider.email, password=PASSWORD) == "in"


def test_each_further_guess_waits_twice_as_long() -> None:
    rider = make_user()
    for _ in range(5):
        guess(rider.email)
    now = NOON
    waits = []
    for _ in range(14):
        assert guess(rider.email, now=now) == "refused"
        waits.append(wait_for(rider.email, now=now))
        now += timedelta(seconds=waits[-1])

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]


def test_while_it_waits_the_right_password_is_not_looked_at() -> None:
    rider = make_user()
    for _ in range(6):
        guess(rider.email)

    assert guess(rider.email, password=PASSWORD) == "slowed"
    assert guess(rider.email, password=PASSWORD, now=NOON + timedelta(seconds=1)) == "in"


def test_a_refused_guess_is_not_counted() -> None:
    rider = make_user()
    for _ in range(6):
        guess(rider.email)

    assert [guess(rider.email) for _ in range(50)] == ["slowed"] * 50
    assert wait_for(rider.email) == 1


def test_guesses_at_an_unknown_email_slow_down_too() -> None:
    assert [guess("nobody@example.org") for _ in range(7)] == ["refused"] * 6 + ["slowed"]


def test_another_account_from_the_same_address_is_not_slowed() -> None:
    attacked, rider = make_user(), make_user()
    for _ in range(7):
        guess(attacked.email)

    assert guess(rider.email, password=PASSWORD) == "in"


def test_an_account_guessed_from_everywhere_slows_down() -> None:
    rider = make_user()

    assert guess_from_everywhere(rider.email, times=30) == ["refused"] * 21 + ["slowed"] * 9


def test_a_known_address_is_let_in_despite_a_flood() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)
    guess_from_everywhere(rider.email, times=30)

    assert guess(rider.email, password=PASSWORD) == "in"


def test_trust_in_an_address_ends_after_thirty_days() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)
    later = NOON + timedelta(days=30)
    guess_from_everywhere(rider.email, times=30, now=later)

    assert guess(rider.email, password=PASSWORD, now=later) == "slowed"


def test_a_first_login_from_a_fresh_address_waits_with_guessers() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)
    guess_from_everywhere(rider.email, times=30)

    assert guess(rider.email, address=ELSEWHERE, password=PASSWORD) == "slowed"
    assert guess(rider.email, address=ELSEWHERE, password=PASSWORD, now=NOON + timedelta(seconds=1)) == "in"


def test_a_trusted_address_is_slowed_by_its_own_guesses() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)

    assert [guess(rider.email) for _ in range(7)] == ["refused"] * 6 + ["slowed"]


def test_the_riders_login_forgives_no_others_guesses() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)
    guess_from_everywhere(rider.email, times=21)
    guess(rider.email, password=PASSWORD)
    later = NOON + timedelta(seconds=1)

    assert guess_from_everywhere(rider.email, times=3, now=later) == ["refused", "slowed", "slowed"]
    assert wait_for(rider.email, address=ELSEWHERE, now=later) == 2


def test_a_login_from_a_fresh_address_forgives_no_other_guesses() -> None:
    rider = make_user()
    guess_from_everywhere(rider.email, times=21)
    later = NOON + timedelta(seconds=1)
    assert guess(rider.email, address=ELSEWHERE, password=PASSWORD, now=later) == "in"

    assert guess_from_everywhere(rider.email, times=3, now=later) == ["refused", "slowed", "slowed"]


def test_a_login_from_a_fresh_address_forgives_its_own_mistakes() -> None:
    rider = make_user()
    for number in range(10):  # each device of the rider mistypes twice
        address = f"203.0.113.{number}"
        outcomes = [guess(rider.email, address=address) for _ in range(2)]
        assert [*outcomes, guess(rider.email, address=address, password=PASSWORD)] == ["refused", "refused", "in"]

    assert GuessCounter.objects.filter(failures__gt=0).count() == 0


def test_a_counter_that_was_purged_is_made_again() -> None:
    rider = make_user()
    guess(rider.email, password=PASSWORD)
    GuessCounter.objects.filter(trusted_until=None).delete()

    assert guess(rider.email, address=ELSEWHERE) == "refused"
    assert sorted(GuessCounter.objects.values_list("failures", flat=True)) == [0, 1, 1]


def test_an_address_that_succeeded_otherwise_is_let_in_at_once() -> None:
    """The token of a reset has counters of its own. Those of the log-in may not exist yet."""
    rider = make_user()
    guess_from_everywhere(rider.email, times=30)

    guess_succeeded(email=rider.email, address=HOME, now=NOON)

    assert guess(rider.email, password=PASSWORD, now=NOON - timedelta(seconds=1)) == "in"


def test_a_day_without_guesses_clears_the_count() -> None:
    rider = make_user()
    for _ in range(6):
        guess(rider.email)
    later = NOON + timedelta(days=1, seconds=1)

    assert [guess(rider.email, now=later) for _ in range(7)] == ["refused"] * 6 + ["slowed"]


def test_an_ipv6_household_is_one_address() -> None:
    rider = make_user()
    addresses = [f"2001:db8:0:1::{number:x}" for number in range(7)]

    assert [guess(rider.email, address=address) for address in addresses] == ["refused"] * 6 + ["slowed"]
    assert guess(rider.email, address="2001:db8:0:2::1") == "refused"


def test_an_ipv4_address_written_as_ipv6_is_the_same() -> None:
    rider = make_user()
    for _ in range(6):
        guess(rider.email)

    assert guess(rider.email, address=f"::ffff:{HOME}") == "slowed"


def test_every_spelling_of_the_email_is_counted_as_one() -> None:
    rider = make_user(email="rider@example.org")
    for spelling in ("RIDER@example.org", " rider@example.org", "rider@EXAMPLE.org"):
        guess(spelling)
        guess(spelling)

    assert guess(rider.email) == "slowed"


def test_a_login_with_an_earlier_clock_does_not_wait() -> None:
    rider = make_user()

    answers = [guess(rider.email, password=PASSWORD, now=NOON - timedelta(seconds=late)) for late in range(3)]

    assert answers == ["in"] * 3


def test_the_table_names_neither_account_nor_address() -> None:
    guess("rider@example.org")

    text = str(list(GuessCounter.objects.values_list()))
    assert "rider" not in text
    assert HOME not in text


@pytest.mark.django_db(transaction=True)
def test_a_thousand_guesses_at_once_count_as_a_thousand() -> None:
    rider = make_user()

    outcomes = at_once(lambda _: [guess_in_a_crowd(rider.email, address=HOME) for _ in range(50)], times=20)

    flat = [outcome for outcomes_of_one in outcomes for outcome in outcomes_of_one]
    assert len(flat) == 1000
    assert flat.count("refused") == 6


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_that_are_refused_count_nowhere() -> None:
    rider = make_user()

    at_once(lambda _: guess_in_a_crowd(rider.email, address=HOME), times=20)

    # Nor does it count for the account, which would still admit it.
    assert list(GuessCounter.objects.values_list("failures", flat=True)) == [6, 6]


@pytest.mark.django_db(transaction=True)
def test_guesses_from_many_addresses_stop_at_the_accounts_limit() -> None:
    rider = make_user()

    outcomes = at_once(
        lambda thread: [
            guess_in_a_crowd(rider.email, address=f"203.0.113.{thread * 20 + number}") for number in range(20)
        ],
        times=8,
    )

    flat = [outcome for outcomes_of_one in outcomes for outcome in outcomes_of_one]
    assert flat.count("refused") == 21


@pytest.mark.django_db(transaction=True)
def test_logins_at_once_end_in_an_answer() -> None:
    rider = make_user()

    outcomes = at_once(
        lambda thread: [
            guess_in_a_crowd(rider.email, address=f"203.0.113.{thread % 2}", password=PASSWORD) for _ in range(5)
        ],
        times=4,
    )

    assert {outcome for outcomes_of_one in outcomes for outcome in outcomes_of_one} <= {"in", "slowed", "busy"}


def test_the_purge_keeps_counters_that_still_count() -> None:
    trusted, guessed = make_user(), make_user()
    guess(trusted.email, password=PASSWORD)
    guess(guessed.email)
    assert GuessCounter.objects.count() == 4

    assert guess_counters_purge(now=NOON + timedelta(hours=23)) == 0
    # Two counters of the guessed account, and the trusted account's own. The trusted address stays.
    assert guess_counters_purge(now=NOON + timedelta(days=2)) == 3
    assert guess_counters_purge(now=NOON + timedelta(days=31)) == 1
