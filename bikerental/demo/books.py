"""The city's ledger, made from its settled rides: each is charged, most riders pay, some owe.

The first byte of a rider's or ride's hash says who does what, so that the same city has the same books.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection

from bikerental.billing.models import Account, Entry, Posting
from bikerental.demo.copying import without_indexes

LEDGER = (Account, Entry, Posting)
# What follows a booking comes up to three hours later, and not after the end of the city's past.
BY_NOW = "created_at < %(ends_at)s::timestamptz - interval '4 hours'"
LAST_PAYMENT = "%(ends_at)s::timestamptz - interval '2 hours'"


def _byte(of: str) -> str:
    return f"get_byte(decode(md5({of}::text), 'hex'), 0)"


def _id(moment: str, of: str) -> str:
    """A UUID of version 7, as entries have it: ids grow with time."""
    return (
        f"(lpad(to_hex(floor(extract(epoch FROM {moment}) * 1000)::bigint), 12, '0')"
        f" || '7' || substr(md5({of}), 1, 3) || '8' || substr(md5({of}), 4, 15))::uuid"
    )


def _book(kind: str, counterpart: str, source: str, reason: str) -> str:
    """:param source: created_at, amount, rider_id and what else a booking may have, by the name of its column"""
    return f"""
        INSERT INTO booked (kind, counterpart, reason, seed, created_at, amount, rider_id, currency, rental_id)
        SELECT '{kind}', '{counterpart}', '{reason}', '{kind}:' || seed,
               created_at, amount, rider_id, currency, rental_id
          FROM ({source}) AS source
    """


BOOKED = """
DROP TABLE IF EXISTS booked;
CREATE TEMPORARY TABLE booked (
    kind text, counterpart text, reason text, seed text, created_at timestamptz, amount numeric(14, 2), rider_id uuid,
    currency text, rental_id uuid, reverses text, claim_id uuid
) ON COMMIT DROP
"""
CHARGES = _book(
    "charge",
    "revenue",
    """SELECT id::text AS seed, settled_at AS created_at, cost_amount AS amount, rider_id, currency, id AS rental_id
         FROM rentals_rental WHERE status = 'settled' AND cost_amount > 0""",
    "",
)
ADJUSTMENTS = _book(
    "adjustment",
    "goodwill",
    f"""SELECT seed, created_at + interval '1 hour' AS created_at, -round(amount / 2, 2) AS amount, rider_id, currency,
               rental_id
          FROM booked WHERE kind = 'charge' AND amount > 1 AND {_byte("rental_id")} < 2 AND {BY_NOW}
           AND rental_id NOT IN (SELECT rental_id FROM claims_claim)""",
    "The lock opened late.",
)
CLAIMED = """
    INSERT INTO booked (kind, counterpart, reason, seed, created_at, amount, rider_id, currency, rental_id, claim_id)
    SELECT 'adjustment', 'goodwill', claim.answer, 'claim:' || claim.id, claim.decided_at, -claim.adjusted_amount,
           claim.rider_id, ride.currency, ride.id, claim.id
      FROM claims_claim AS claim JOIN rentals_rental AS ride ON ride.id = claim.rental_id
     WHERE claim.status = 'accepted'
"""
# Once a week riders pay the week's rides, the last time two hours before the end. One in eight does not pay.
PAYMENTS = _book(
    "payment",
    "cash",
    f"""SELECT rider_id || week::text AS seed, week + interval '7 days' AS created_at,
               -sum(amount) AS amount, rider_id, currency, NULL::uuid AS rental_id
          FROM (SELECT *, date_bin('7 days', created_at, {LAST_PAYMENT}) AS week FROM booked) AS booked
         WHERE week < {LAST_PAYMENT} AND {_byte("rider_id")} >= 32
         GROUP BY rider_id, currency, week HAVING sum(amount) > 0""",
    "by transfer: weekly statement",
)
# Some pay 50.00 twice, and get it back.
TWICE = _book(
    "payment",
    "cash",
    f"""SELECT rider_id::text AS seed, max(created_at) + interval '1 hour' AS created_at, -50 AS amount, rider_id,
               currency, NULL::uuid AS rental_id
          FROM booked WHERE {_byte("rider_id")} >= 240 AND {BY_NOW} GROUP BY rider_id, currency""",
    "in cash: receipt 17",
)
REFUNDS = _book(
    "refund",
    "cash",
    """SELECT seed, created_at + interval '2 hours' AS created_at, -amount AS amount, rider_id, currency, rental_id
         FROM booked WHERE reason = 'in cash: receipt 17'""",
    "Paid twice.",
)
# Half of the debt of some who do not pay is written off.
WRITE_OFFS = _book(
    "writeoff",
    "writeoff",
    f"""SELECT rider_id::text AS seed, max(created_at) + interval '3 hours' AS created_at,
               -round(sum(amount) / 2, 2) AS amount, rider_id, currency, NULL::uuid AS rental_id
          FROM booked WHERE {_byte("rider_id")} < 8 AND {BY_NOW} GROUP BY rider_id, currency HAVING sum(amount) > 1""",
    "Three reminders without an answer.",
)
# Some payments were booked to the wrong rider, and are reversed.
MISTAKES = _book(
    "payment",
    "cash",
    f"""SELECT 'mistake' || rider_id AS seed, max(created_at) + interval '1 hour' AS created_at, -20 AS amount,
               rider_id, currency, NULL::uuid AS rental_id
          FROM booked WHERE {_byte("rider_id")} BETWEEN 32 AND 39 AND {BY_NOW} GROUP BY rider_id, currency""",
    "in cash: receipt 18",
)
REVERSALS = """
    INSERT INTO booked
    SELECT 'reversal', counterpart, 'Another rider paid this.', 'reversal:' || seed,
           created_at + interval '1 hour', -amount, rider_id, currency, NULL, seed
      FROM booked WHERE reason = 'in cash: receipt 18'
"""
OPEN = f"""
    INSERT INTO billing_account (id, created_at, kind, rider_id, currency)
    SELECT {_id("%(opened_at)s::timestamptz", "kind || currency || coalesce(rider_id::text, '')")},
           %(opened_at)s, kind, rider_id, currency
      FROM (SELECT DISTINCT 'rider' AS kind, rider_id, currency FROM booked
             UNION SELECT DISTINCT counterpart, NULL::uuid, currency FROM booked) AS account
     ORDER BY 1
"""
WRITE = f"""
    INSERT INTO billing_entry (id, created_at, kind, rental_id, claim_id, reverses_id, key, actor_id, reason)
    SELECT {_id("booked.created_at", "booked.seed")}, booked.created_at, booked.kind, booked.rental_id, booked.claim_id,
           CASE WHEN undone.seed IS NOT NULL THEN {_id("undone.created_at", "undone.seed")} END,
           booked.seed, CASE booked.kind WHEN 'charge' THEN NULL ELSE %(operator)s::uuid END, booked.reason
      FROM booked LEFT JOIN booked AS undone ON undone.seed = booked.reverses
     ORDER BY booked.created_at, booked.seed
"""
POST = f"""
    INSERT INTO billing_posting (entry_id, account_id, amount)
    SELECT {_id("posted.created_at", "posted.seed")}, posted.account_id, posted.amount
      FROM (SELECT booked.created_at, seed, account.id AS account_id, amount
              FROM booked JOIN billing_account AS account USING (rider_id, currency)
             UNION ALL
            SELECT booked.created_at, seed, account.id, -amount
              FROM booked
              JOIN billing_account AS account
                ON account.kind = booked.counterpart AND account.currency = booked.currency) AS posted
     ORDER BY posted.created_at, posted.seed, posted.account_id
"""


def write_books(*, opened_at: datetime, ends_at: datetime, operator: str) -> None:
    values: dict[str, datetime | str] = {"opened_at": opened_at, "ends_at": ends_at, "operator": operator}
    with connection.cursor() as cursor, _unguarded(), without_indexes(Posting):
        for statement in (
            BOOKED,
            CHARGES,
            ADJUSTMENTS,
            CLAIMED,
            PAYMENTS,
            TWICE,
            REFUNDS,
            WRITE_OFFS,
            MISTAKES,
            REVERSALS,
        ):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE booked")
        for statement in (OPEN, WRITE, POST):
            cursor.execute(statement, values)


@contextmanager
def _unguarded() -> Iterator[None]:
    """Run without the ledger's triggers, which take as long as the rest. Call it in the transaction that fills the
    tables.
    """
    with connection.cursor() as cursor:
        for action in ("DISABLE", "ENABLE"):
            for model in LEDGER:
                cursor.execute(f"ALTER TABLE {connection.ops.quote_name(model._meta.db_table)} {action} TRIGGER USER")
            if action == "DISABLE":
                yield
