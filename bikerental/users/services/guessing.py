"""Each failed guess at an account's password makes the next one wait longer.

Guesses are counted in PostgreSQL, under a row lock, before the password is checked: a thousand guesses at once count
as a thousand, and a restart of the cache forgets none. There are two counters: one for the account at one address, and
one for the account at all addresses from which it never logged in. So

- guesses at another account from the rider's own address do not delay the rider;
- guesses at the rider's account from other addresses do not delay the rider at an address with a log-in of this
  account during the last 30 days;
- the first log-in from a new address waits as long as the guesser does, an hour at most. Otherwise a thousand
  addresses could guess a thousand times as fast.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils.crypto import salted_hmac

from bikerental.core.addresses import client_network
from bikerental.core.db.statements import SqlStatement
from bikerental.core.errors import ThrottledError
from bikerental.core.work.purging import rows_purge
from bikerental.users.constants import (
    ADDRESS_TRUSTED_FOR,
    GUESS_DELAY_MAX,
    GUESSES_FORGOTTEN_AFTER,
    GUESSES_FREE_PER_ACCOUNT,
    GUESSES_FREE_PER_ADDRESS,
)
from bikerental.users.models import GuessCounter
from bikerental.users.selectors import guess_waits
from bikerental.users.types import GuessWaits

# COUNT and FORGIVE lock the counters in the order of their keys and compute from the locked rows. They write with
# INSERT … ON CONFLICT, because it finds the current version of a locked row, even if that is newer than the
# statement's snapshot. Each holds its locks for less time than a transaction of four statements would.
INSERT_MISSING = SqlStatement("""
    INSERT INTO users_guesscounter (key, failures, failed_at, blocked_until)
    SELECT key, 0, %(now)s, %(long_ago)s FROM unnest(%(keys)s::text[]) AS key
    ON CONFLICT DO NOTHING
""")
# It counts on all counters, or on none if one of them is missing or still delays. The exponent is capped before the
# power, because two to the thousandth overflows.
COUNT = SqlStatement("""
    WITH held AS (
        SELECT * FROM users_guesscounter WHERE key = ANY(%(keys)s::text[]) ORDER BY key FOR NO KEY UPDATE
    ), counted AS (
        SELECT
            key,
            CASE WHEN failed_at < %(now)s::timestamptz - %(forgotten_after)s::interval
                THEN 1 ELSE failures + 1 END AS failures,
            CASE key WHEN %(pair)s THEN %(free_per_address)s::int ELSE %(free_per_account)s::int END AS free,
            GREATEST(failed_at, %(now)s::timestamptz) AS failed_at,
            blocked_until
        FROM held
        WHERE (SELECT count(*) FILTER (WHERE blocked_until <= %(now)s) FROM held) = cardinality(%(keys)s::text[])
    ), written AS (
        INSERT INTO users_guesscounter (key, failures, failed_at, blocked_until)
        SELECT key, failures, failed_at, CASE
            WHEN failures <= free THEN blocked_until
            ELSE GREATEST(blocked_until, %(now)s::timestamptz + LEAST(
                %(delay_max)s::interval, power(2, LEAST(failures - free - 1, 12)) * interval '1 second'))
            END
        FROM counted
        ON CONFLICT (key) DO UPDATE
        SET failures = EXCLUDED.failures, failed_at = EXCLUDED.failed_at, blocked_until = EXCLUDED.blocked_until
    )
    SELECT key, blocked_until FROM held
""")
# The account's counter changes only if this address was not trusted: guesses from a trusted one are not counted there.
# `blocked_until` never moves later: another log-in at the same time may have read the clock earlier. `own` is an
# aggregate, so that all rows are locked and read before the first one is written.
FORGIVE = SqlStatement("""
    WITH held AS (
        SELECT * FROM users_guesscounter WHERE key IN (%(account)s, %(pair)s) ORDER BY key FOR NO KEY UPDATE
    ), own AS (
        SELECT coalesce(max(failures), 0) AS failures, coalesce(bool_or(trusted_until > %(now)s), false) AS is_trusted
        FROM held WHERE key = %(pair)s
    )
    INSERT INTO users_guesscounter AS counter (key, failures, failed_at, blocked_until, trusted_until)
    SELECT %(pair)s, 0, %(now)s::timestamptz, %(long_ago)s::timestamptz, %(trusted_until)s::timestamptz FROM own
    UNION ALL
    SELECT account.key, GREATEST(0, account.failures - own.failures), %(now)s, %(now)s, NULL
    FROM held AS account, own WHERE account.key = %(account)s AND NOT own.is_trusted
    ON CONFLICT (key) DO UPDATE SET
        failures = EXCLUDED.failures,
        blocked_until = LEAST(counter.blocked_until, %(now)s),
        trusted_until = coalesce(EXCLUDED.trusted_until, counter.trusted_until)
""")


class Keys(NamedTuple):
    account: str
    pair: str

    def for_trust(self, trusted: bool) -> list[str]:
        # At a trusted address, the account's counter neither delays nor counts.
        return [self.pair] if trusted else [self.account, self.pair]


def guess_admit(*, email: str, address: str, now: datetime, purpose: str = "") -> bool:
    """Count an attempt, or refuse it while an earlier one still delays.

    Returns whether the address is trusted: the account logged in from it before.

    Two statements, three for the first attempt from an address. Do not call it inside a transaction that a refusal
    rolls back: the count would be lost.

    :param purpose: what is attempted if it is not a log-in; each purpose has its own counters, and all trust the
        addresses from which the account logged in
    :raises ThrottledError: with the seconds to wait
    """
    keys = _keys(email, address, purpose)
    # First without a lock, so that refused attempts of a flood do not queue for the rows.
    login = _keys(email, address).pair
    counters = guess_waits(account=keys.account, pair=keys.pair, login=login)
    trusted = login in counters and _is_trusted(counters[login], now=now)
    known = {key: counters[key].blocked_until for key in keys.for_trust(trusted) if key in counters}
    _refuse_while_blocked(known.values(), now=now)
    _attempt_count(keys=keys, trusted=trusted, known=known, now=now)
    return trusted


def _attempt_count(*, keys: Keys, trusted: bool, known: Collection[str], now: datetime) -> None:
    wanted = sorted(keys.for_trust(trusted))
    blocked_until: dict[str, datetime] = {}
    while len(blocked_until) < len(wanted):
        # Another request may insert them first, or a purge may delete them: try until all exist.
        if missing := [key for key in wanted if key not in known]:
            INSERT_MISSING.run(keys=missing, now=now, long_ago=now - GUESS_DELAY_MAX)
        known = blocked_until = dict(
            COUNT.all(
                keys=wanted,
                pair=keys.pair,
                now=now,
                forgotten_after=GUESSES_FORGOTTEN_AFTER,
                free_per_address=GUESSES_FREE_PER_ADDRESS,
                free_per_account=GUESSES_FREE_PER_ACCOUNT,
                delay_max=GUESS_DELAY_MAX,
            )
        )
    _refuse_while_blocked(blocked_until.values(), now=now)


def guess_succeeded(*, email: str, address: str, now: datetime) -> None:
    """Reset this address's failures, and remember the address as trusted. One statement.

    Failures from other addresses stay counted: a rider's daily log-in must not reset the wait of somebody who guesses
    the password.
    """
    account, pair = _keys(email, address)
    long_ago, trusted_until = now - GUESS_DELAY_MAX, now + ADDRESS_TRUSTED_FOR
    FORGIVE.run(account=account, pair=pair, now=now, long_ago=long_ago, trusted_until=trusted_until)


def guess_counters_purge(*, now: datetime) -> int:
    """Delete counters that no longer have an effect."""
    silent = Q(trusted_until=None) | Q(trusted_until__lt=now)
    old = GuessCounter.objects.filter(silent, failed_at__lt=now - GUESSES_FORGOTTEN_AFTER, blocked_until__lt=now)
    return rows_purge(old)


def _keys(email: str, address: str, purpose: str = "") -> Keys:
    pair = f"{client_network(address)}\n{email}"
    return Keys(
        account=salted_hmac(f"bikerental.guess.account{purpose}", email, algorithm="sha256").hexdigest(),
        pair=salted_hmac(f"bikerental.guess.pair{purpose}", pair, algorithm="sha256").hexdigest(),
    )


def _is_trusted(pair: GuessWaits, *, now: datetime) -> bool:
    return pair.trusted_until is not None and pair.trusted_until > now


def _refuse_while_blocked(blocked_until: Iterable[datetime], *, now: datetime) -> None:
    until = max(blocked_until, default=now)
    if until > now:
        raise ThrottledError(retry_after=(until - now).total_seconds())
