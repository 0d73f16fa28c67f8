from django.db import migrations

# TRUNCATE calls no trigger of rows. Emptying the whole database is said so in its transaction, as for the ledger.
APPEND_ONLY = """
    CREATE OR REPLACE FUNCTION bike_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('bikerental.retention', true) = 'on' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'TRUNCATE' AND current_setting('bikerental.emptying', true) = 'on' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'The log of bikes is only added to.'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'bike_event_append_only';
    END $$;
    CREATE TRIGGER bike_event_append_only_whole BEFORE TRUNCATE ON fleet_bikeevent
        FOR EACH STATEMENT EXECUTE FUNCTION bike_event_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("fleet", "0015_events_at_stations")]

    operations = [migrations.RunSQL(APPEND_ONLY, "DROP TRIGGER bike_event_append_only_whole ON fleet_bikeevent")]
