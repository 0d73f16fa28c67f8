from django.db import migrations

# What no constraint can say of the ledger. A violation has the class of an integrity error and the guard's name,
# as a constraint's has.

APPEND_ONLY = """
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Emptying the whole database is said so in the transaction that does it: `flush`, the demo city.
    IF TG_OP = 'TRUNCATE' AND current_setting('bikerental.emptying', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only: no % of %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_append_only';
END $$;
"""

# The number that the transaction has, whatever the statement gives.
ENTRY_SIGNED = """
CREATE FUNCTION billing_sign_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.transaction_id := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_signed BEFORE INSERT ON billing_entry
    FOR EACH ROW EXECUTE FUNCTION billing_sign_entry();
"""

# Charge, payment, adjustment, refund and write-off: one rider on one side, one kind of account on the other.
WHOLE = """
CREATE FUNCTION billing_refuse(guard text, entry uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entry % of the ledger violates %', entry, guard
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = guard;
END $$;

CREATE FUNCTION billing_check_entry(checked_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    checked billing_entry;
    reversed billing_entry;
    riders integer;
    strays integer;
    sign integer;
    counterpart text;
BEGIN
    SELECT * INTO checked FROM billing_entry WHERE id = checked_id;
    IF checked.transaction_id <> pg_current_xact_id()::text::bigint THEN
        PERFORM billing_refuse('entry_closed_by_its_transaction', checked_id);
    END IF;
    IF EXISTS (
        SELECT FROM billing_posting JOIN billing_account ON billing_account.id = account_id
        WHERE entry_id = checked_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        PERFORM billing_refuse('entry_adds_up_to_zero', checked_id);
    END IF;
    IF checked.kind = 'reversal' THEN
        SELECT * INTO reversed FROM billing_entry WHERE id = checked.reverses_id;
        IF checked.rental_id IS DISTINCT FROM reversed.rental_id OR checked.claim_id IS DISTINCT FROM reversed.claim_id
            OR EXISTS (
                SELECT FROM (SELECT account_id, amount FROM billing_posting WHERE entry_id = checked_id) AS one
                FULL JOIN (SELECT account_id, amount FROM billing_posting WHERE entry_id = reversed.id) AS other
                USING (account_id) WHERE one.amount IS DISTINCT FROM -other.amount
            )
        THEN
            PERFORM billing_refuse('entry_reversal_is_the_opposite', checked_id);
        END IF;
        -- Of an entry without postings the opposite has none.
        RETURN;
    END IF;
    sign := CASE WHEN checked.kind IN ('charge', 'refund') THEN 1 ELSE -1 END;
    counterpart := CASE checked.kind
        WHEN 'charge' THEN 'revenue' WHEN 'adjustment' THEN 'goodwill' WHEN 'writeoff' THEN 'writeoff' ELSE 'cash' END;
    SELECT count(*) FILTER (WHERE kind = 'rider'),
           count(*) FILTER (WHERE CASE WHEN kind = 'rider' THEN amount * sign < 0
                                       ELSE kind <> counterpart OR amount * sign > 0 END)
      INTO riders, strays
      FROM billing_posting JOIN billing_account ON billing_account.id = account_id WHERE entry_id = checked_id;
    IF riders = 0 AND strays = 0 THEN
        PERFORM billing_refuse('entry_has_postings', checked_id);
    ELSIF riders <> 1 OR strays > 0 THEN
        PERFORM billing_refuse('entry_posts_as_its_kind', checked_id);
    END IF;
END $$;
"""

# Not more adjusted than the ride was charged, not more refunded than the rider paid. Whoever writes such an entry
# locks the rider's account first, so that of two at once the second sees what the first wrote; what charges and
# payments add meanwhile only makes room.
BOUNDED = """
CREATE FUNCTION billing_check_bounds(checked_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    checked billing_entry;
    riders_account uuid;
    charged numeric;
    adjusted numeric;
    accounts integer;
    paid numeric;
BEGIN
    SELECT * INTO checked FROM billing_entry WHERE id = checked_id;
    IF checked.kind NOT IN ('adjustment', 'refund', 'reversal') THEN
        RETURN;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        -- Its snapshot is older than the lock.
        PERFORM billing_refuse('entry_written_read_committed', checked_id);
    END IF;
    SELECT billing_account.id INTO riders_account
      FROM billing_posting JOIN billing_account ON billing_account.id = account_id
     WHERE entry_id = checked_id AND kind = 'rider';
    PERFORM FROM billing_account WHERE id = riders_account FOR NO KEY UPDATE;
    IF checked.rental_id IS NOT NULL THEN
        SELECT -coalesce(sum(amount) FILTER (WHERE billing_account.kind = 'revenue'), 0),
               coalesce(sum(amount) FILTER (WHERE billing_account.kind = 'goodwill'), 0),
               count(DISTINCT account_id) FILTER (WHERE billing_account.kind = 'rider')
          INTO charged, adjusted, accounts
          FROM billing_entry
          JOIN billing_posting ON entry_id = billing_entry.id
          JOIN billing_account ON billing_account.id = account_id
         WHERE rental_id = checked.rental_id;
        IF adjusted NOT BETWEEN 0 AND charged THEN
            PERFORM billing_refuse('entry_adjusts_no_more_than_charged', checked_id);
        ELSIF accounts > 1 THEN
            PERFORM billing_refuse('entry_of_the_rides_account', checked_id);
        END IF;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO paid
      FROM billing_posting JOIN billing_account ON billing_account.id = account_id
     WHERE billing_account.kind = 'cash'
       AND entry_id IN (SELECT entry_id FROM billing_posting WHERE account_id = riders_account);
    IF paid < 0 THEN
        PERFORM billing_refuse('entry_refunds_no_more_than_paid', checked_id);
    END IF;
END $$;
"""

# At the commit, when an entry has its postings. A posting is checked as well: one that is added after the checks of
# the entry were made, by SET CONSTRAINTS or in another transaction, is checked when it comes.
DEFERRED = """
CREATE FUNCTION billing_entry_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM billing_check_entry(NEW.id);
    PERFORM billing_check_bounds(NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION billing_posting_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM billing_check_entry(NEW.entry_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_written AFTER INSERT ON billing_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_entry_written();
CREATE CONSTRAINT TRIGGER posting_written AFTER INSERT ON billing_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_posting_written();
"""


def guard(table: str) -> str:
    return f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION billing_refuse_change();
        CREATE TRIGGER {table}_append_only_whole BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
    """


UNDO = """
DROP FUNCTION IF EXISTS billing_refuse_change, billing_sign_entry, billing_entry_written, billing_posting_written,
    billing_check_entry, billing_check_bounds, billing_refuse CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            [
                APPEND_ONLY,
                *map(guard, ("billing_account", "billing_entry", "billing_posting")),
                ENTRY_SIGNED,
                WHOLE,
                BOUNDED,
                DEFERRED,
            ],
            UNDO,
        )
    ]
