from django.db import migrations

# The opposite of an entry without postings has none either. So two reversals of each other, or one of itself, would
# pass the checks of postings. The entry that a reversal names is there before it, so each chain of reversals ends at
# an entry that is none.
SIGN = """
CREATE OR REPLACE FUNCTION billing_sign_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT FROM billing_entry WHERE id = NEW.reverses_id) THEN
        PERFORM billing_refuse('entry_reverses_an_earlier_one', NEW.id);
    END IF;
    NEW.transaction_id := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
"""
UNDO = """
CREATE OR REPLACE FUNCTION billing_sign_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.transaction_id := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_adjustments_of_rides")]

    operations = [migrations.RunSQL(SIGN, UNDO)]
