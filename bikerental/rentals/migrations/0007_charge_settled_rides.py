from django.db import migrations, transaction

BATCH = 1000
# What was settled and costs something, along the primary key. What is charged already, by an attempt that was
# stopped or by the new code, is passed over.
NEXT = """
SELECT id FROM rentals_rental AS ride
 WHERE status = 'settled' AND cost_amount > 0 AND id > %s
   AND NOT EXISTS (SELECT FROM billing_entry WHERE kind = 'charge' AND rental_id = ride.id)
 ORDER BY id LIMIT %s
"""
# A ride whose rider was erased is charged to an account without a rider. Rows are written in the order of their keys,
# so that two sessions do not deadlock.
OPEN_ACCOUNTS = """
INSERT INTO billing_account (id, created_at, kind, rider_id, currency)
SELECT gen_random_uuid(), now(), kind, rider_id, currency
  FROM (SELECT DISTINCT 'rider' AS kind, rider_id, currency FROM rentals_rental WHERE id = ANY(%(rides)s::uuid[])
         UNION
        SELECT DISTINCT 'revenue', NULL::uuid, currency FROM rentals_rental WHERE id = ANY(%(rides)s::uuid[])) AS wanted
 ORDER BY kind, rider_id, currency
    ON CONFLICT DO NOTHING
"""
# As settling would have written it: at the time of the settling, which an entry's id (a UUID of version 7) has too.
CHARGE = """
WITH entry AS (
    INSERT INTO billing_entry (id, created_at, kind, rental_id, key, reason)
    SELECT overlay(overlay(gen_random_uuid()::text placing '7' from 15) placing
                   substr(moment, 1, 8) || '-' || substr(moment, 9) from 1 for 13)::uuid,
           settled_at, 'charge', id, 'charge:' || id, ''
      FROM (SELECT *, lpad(to_hex(floor(extract(epoch FROM settled_at) * 1000)::bigint), 12, '0') AS moment
              FROM rentals_rental WHERE id = ANY(%(rides)s::uuid[])) AS ride
     ORDER BY id
        ON CONFLICT DO NOTHING
    RETURNING id, rental_id
), charged AS (
    SELECT entry.id, ride.rider_id, ride.currency, ride.cost_amount AS amount
      FROM entry JOIN rentals_rental AS ride ON ride.id = entry.rental_id
)
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
"""


def charge_settled_rides(apps, schema_editor):
    """A batch to a transaction, each a fraction of a second, which locks no ride and no rider. Stopped in the middle
    it may be started again."""
    connection = schema_editor.connection
    last = "00000000-0000-0000-0000-000000000000"
    while True:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(NEXT, [last, BATCH])
            rides = [ride for ride, in cursor.fetchall()]
            if not rides:
                return
            cursor.execute(OPEN_ACCOUNTS, {"rides": rides})
            cursor.execute(CHARGE, {"rides": rides})
        last = rides[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("rentals", "0006_over_has_end_and_cost_validated"), ("billing", "0002_guards")]

    operations = [migrations.RunPython(charge_settled_rides, migrations.RunPython.noop)]
