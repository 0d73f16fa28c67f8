"""Charges rides: many of them in two statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from bikerental.billing.types import Charge
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.identifiers import uuid7

# In the order of their keys, so that two batches at once do not deadlock.
_OPEN_ACCOUNTS = """
INSERT INTO billing_account (id, created_at, kind, rider_id, currency)
SELECT gen_random_uuid(), %(now)s, kind, rider_id, currency
  FROM (SELECT DISTINCT 'rider' AS kind, rider_id, currency
          FROM unnest(%(riders)s::uuid[], %(currencies)s::text[]) AS charge (rider_id, currency)
         UNION
        SELECT DISTINCT 'revenue', NULL::uuid, currency FROM unnest(%(currencies)s::text[]) AS charge (currency)
       ) AS wanted
 ORDER BY kind, rider_id, currency
    ON CONFLICT DO NOTHING
"""
# A ride that has a charge gets no second one, and no postings. Each join finds its accounts by an index.
_CHARGE = """
WITH charge AS (
    SELECT * FROM unnest(
        %(ids)s::uuid[], %(rentals)s::uuid[], %(riders)s::uuid[], %(currencies)s::text[], %(amounts)s::numeric[]
    ) AS charge (id, rental_id, rider_id, currency, amount)
), entry AS (
    INSERT INTO billing_entry (id, created_at, kind, rental_id, key, reason)
    SELECT id, %(now)s, 'charge', rental_id, 'charge:' || rental_id, '' FROM charge ORDER BY rental_id
        ON CONFLICT DO NOTHING
    RETURNING id
), charged AS (
    SELECT charge.* FROM entry JOIN charge USING (id)
), written AS (
    INSERT INTO billing_posting (entry_id, account_id, amount)
    SELECT charged.id, account.id, amount
      FROM charged
      JOIN billing_account AS account
        ON account.kind = 'rider' AND account.rider_id = charged.rider_id AND account.currency = charged.currency
     UNION ALL
    SELECT charged.id, account.id, amount
      FROM charged
      JOIN billing_account AS account
        ON account.kind = 'rider' AND account.rider_id IS NULL AND account.currency = charged.currency
     WHERE charged.rider_id IS NULL
     UNION ALL
    SELECT charged.id, account.id, -amount
      FROM charged
      JOIN billing_account AS account ON account.kind = 'revenue' AND account.currency = charged.currency
)
SELECT count(*) FROM entry
"""


@unit_of_work
def rentals_charge(*, charges: Sequence[Charge], now: datetime) -> int:
    """Charge each ride once. Returns how many had no charge before. Two statements, none for free rides.

    A ride that has a charge keeps it, whatever the new amount.
    """
    charges = [charge for charge in charges if charge.amount]
    if not charges:
        return 0
    values: dict[str, Any] = {
        "now": now,
        "ids": [uuid7(now) for _ in charges],
        "rentals": [charge.rental_id for charge in charges],
        "riders": [charge.rider_id for charge in charges],
        "currencies": [charge.currency for charge in charges],
        "amounts": [charge.amount for charge in charges],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ACCOUNTS, values)
        cursor.execute(_CHARGE, values)
        count: int = cursor.fetchone()[0]
    return count
