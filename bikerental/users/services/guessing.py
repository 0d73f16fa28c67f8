"""Guessing one account's password gets slower with each failure.

Counted in PostgreSQL, under a row lock, before the password is looked at: a thousand guesses at
once count as a thousand, and a restart of the cache forgives none. There are two counters: of
the account at one address, and of the account at all addresses it never logged in from. So

- who guesses another account from the rider's own address does not touch the rider;
- who guesses the rider's account from elsewhere does not touch the rider where he logged in
  during the last 30 days;
- a first login from a fresh address waits as long as the guesser does, an hour at most: the
  price of not letting a thousand addresses guess a thousand times as fast.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils.crypto import salted_hmac

from bikerental.core.addresses import household
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.errors import ThrottledError
from bikerental.core.work.purging import rows_purge
from bikerental.users.constants import (
    ADDRESS_TRUSTED_FOR,
    GUESS_DELAY_MAX,
    GUESSES_FORGOTTEN_AFTER,
    GUESSES_FREE_PER_ACCOUNT,
    GUESSES_FREE_PER_ADDRESS,
)
from bikerental.users.locks import guess_counters_lock
from bikerental.users.models import GuessCounter
from bikerental.users.selectors import guess_counters


class Keys(NamedTuple):
    account: str
    pair: str

    def for_trust(self, trusted: bool) -> list[str]:
        # A trusted address neither waits for the account's counter nor adds to it.
        return [self.pair] if trusted else [self.account, self.pair]


def guess_admit(*, email: str, address: str, now: datetime, purpose: str = "") -> bool:
    """Count an attempt, or refuse it while an earlier one still delays; whether the account logged in from there.

    :param purpose: what else than a log-in is tried; each has counters of its own.
        All trust the addresses that the account logged in from

    Must not run inside a transaction that a refusal rolls back: the count would go with it.

    :raises ThrottledError: with the seconds to wait
    """
    keys = _keys(email, address, purpose)
    # Without a lock first: a flood that is refused anyway does not queue on the rows.
    login = _keys(email, address).pair
    counters = guess_counters(keys=[*keys, login])
    trusted = login in counters and _is_trusted(counters[login], now=now)
    _refuse_while_blocked((counters[key] for key in keys.for_trust(trusted) if key in counters), now=now)
    _attempt_count(keys=keys, trusted=trusted, now=now)
    return trusted


@unit_of_work
def _attempt_count(*, keys: Keys, trusted: bool, now: datetime) -> None:
    counters = _counters_lock(keys.for_trust(trusted), now=now)
    _refuse_while_blocked(counters.values(), now=now)
    for key, counter in counters.items():
        _count(counter, free=GUESSES_FREE_PER_ADDRESS if key == keys.pair else GUESSES_FREE_PER_ACCOUNT, now=now)
    GuessCounter.objects.bulk_update(counters.values(), ["failures", "failed_at", "blocked_until"])


@unit_of_work
def guess_succeeded(*, email: str, address: str, now: datetime) -> None:
    """Forgive what this address was counted for, and remember the address.

    What other addresses were counted for stays: a rider who logs in every day must not buy the
    guessers of his password a fresh start each time.
    """
    keys = _keys(email, address)
    counters = _counters_lock(list(keys), now=now)
    account, pair = counters[keys.account], counters[keys.pair]
    if not _is_trusted(pair, now=now):  # else nothing of it was counted for the account
        account.failures = max(0, account.failures - pair.failures)
        account.blocked_until = min(account.blocked_until, now)
    pair.failures = 0
    # Never later than it was: another log-in of this moment may have read its clock before us.
    pair.blocked_until = min(pair.blocked_until, now)
    pair.trusted_until = now + ADDRESS_TRUSTED_FOR
    GuessCounter.objects.bulk_update([account, pair], ["failures", "blocked_until", "trusted_until"])


def guess_counters_purge(*, now: datetime) -> int:
    """Forget counters that no longer say anything."""
    silent = Q(trusted_until=None) | Q(trusted_until__lt=now)
    old = GuessCounter.objects.filter(silent, failed_at__lt=now - GUESSES_FORGOTTEN_AFTER, blocked_until__lt=now)
    return rows_purge(old)


def _keys(email: str, address: str, purpose: str = "") -> Keys:
    pair = f"{household(address)}\n{email}"
    return Keys(
        account=salted_hmac(f"bikerental.guess.account{purpose}", email, algorithm="sha256").hexdigest(),
        pair=salted_hmac(f"bikerental.guess.pair{purpose}", pair, algorithm="sha256").hexdigest(),
    )


def _is_trusted(pair: GuessCounter, *, now: datetime) -> bool:
    return pair.trusted_until is not None and pair.trusted_until > now


def _refuse_while_blocked(counters: Iterable[GuessCounter], *, now: datetime) -> None:
    blocked_until = max((counter.blocked_until for counter in counters), default=now)
    if blocked_until > now:
        raise ThrottledError(retry_after=(blocked_until - now).total_seconds())


def _counters_lock(keys: list[str], *, now: datetime) -> Mapping[str, GuessCounter]:
    counters = guess_counters_lock(keys=keys)
    while missing := [key for key in sorted(keys) if key not in counters]:
        # Another may insert them first, and a purge delete them: look again until all are held.
        fresh = [GuessCounter(key=key, failed_at=now, blocked_until=now - GUESS_DELAY_MAX) for key in missing]
        GuessCounter.objects.bulk_create(fresh, ignore_conflicts=True)
        counters = guess_counters_lock(keys=keys)
    return counters


def _count(counter: GuessCounter, *, free: int, now: datetime) -> None:
    if counter.failed_at < now - GUESSES_FORGOTTEN_AFTER:
        counter.failures = 0
    counter.failures += 1
    counter.failed_at = max(counter.failed_at, now)
    doublings = counter.failures - free
    if doublings > 0:
        # The exponent is capped before the power: two to the thousandth is no delay.
        delay = min(GUESS_DELAY_MAX, timedelta(seconds=2 ** min(doublings - 1, 12)))
        counter.blocked_until = max(counter.blocked_until, now + delay)
