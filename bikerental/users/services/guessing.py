"""Guessing one account's password gets slower with each failure.

Counted in PostgreSQL, under a row lock, before the password is looked at: a thousand guesses at
once count as a thousand, and a restart of the cache forgives none.
"""

from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from bikerental.core.errors import ThrottledError
from bikerental.core.transactions import unit_of_work
from bikerental.users.constants import (
    ADDRESS_TRUSTED_FOR,
    GUESS_DELAY_MAX,
    GUESSES_FORGOTTEN_AFTER,
    GUESSES_FREE_PER_ACCOUNT,
    GUESSES_FREE_PER_ADDRESS,
)
from bikerental.users.locks import guess_counters_lock
from bikerental.users.models import GuessCounter


@unit_of_work
def guess_admit(*, email: str, address: str, now: datetime) -> None:
    """Count an attempt, or refuse it while an earlier one still delays.

    :raises ThrottledError: with the seconds to wait
    """
    account_key, pair_key = _keys(email, address)
    fresh = [
        GuessCounter(key=key, failed_at=now, blocked_until=now)
        for key in (account_key, pair_key)
    ]
    GuessCounter.objects.bulk_create(fresh, ignore_conflicts=True)
    counters = {
        counter.key: counter
        for counter in guess_counters_lock(keys=[account_key, pair_key])
    }
    account, pair = counters[account_key], counters[pair_key]
    trusted = pair.trusted_until is not None and pair.trusted_until > now
    blocked_until = (
        pair.blocked_until
        if trusted
        else max(pair.blocked_until, account.blocked_until)
    )
    if blocked_until > now:
        raise ThrottledError(retry_after=(blocked_until - now).total_seconds())
    _count(pair, free=GUESSES_FREE_PER_ADDRESS, now=now)
    _count(account, free=GUESSES_FREE_PER_ACCOUNT, now=now)
    GuessCounter.objects.bulk_update(
        [account, pair], ["failures", "failed_at", "blocked_until"]
    )


@unit_of_work
def guess_succeeded(*, email: str, address: str, now: datetime) -> None:
    """Forgive what was counted, and remember the address."""
    account_key, pair_key = _keys(email, address)
    counters = GuessCounter.objects.filter(pk__in=[account_key, pair_key]).order_by(
        "key"
    )
    counters.update(failures=0, blocked_until=now)
    GuessCounter.objects.filter(pk=pair_key).update(
        trusted_until=now + ADDRESS_TRUSTED_FOR
    )


def guess_counters_purge(*, now: datetime) -> int:
    """Forget counters that no longer say anything."""
    old = GuessCounter.objects.filter(
        failed_at__lt=now - ADDRESS_TRUSTED_FOR, blocked_until__lt=now
    )
    return old.delete()[0]


def _keys(email: str, address: str) -> tuple[str, str]:
    return (
        salted_hmac("bikerental.guess.account", email, algorithm="sha256").hexdigest(),
        salted_hmac(
            "bikerental.guess.pair", f"{address}\n{email}", algorithm="sha256"
        ).hexdigest(),
    )


def _count(counter: GuessCounter, *, free: int, now: datetime) -> None:
    if counter.failed_at < now - GUESSES_FORGOTTEN_AFTER:
        counter.failures = 0
    counter.failures += 1
    counter.failed_at = now
    doublings = counter.failures - free
    if doublings > 0:
        # The exponent is capped before the power: two to the thousandth is no delay.
        counter.blocked_until = now + min(
            GUESS_DELAY_MAX, timedelta(seconds=2 ** min(doublings - 1, 12))
        )
