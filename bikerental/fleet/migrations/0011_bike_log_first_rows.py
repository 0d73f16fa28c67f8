from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

# A batch takes some 20 ms. Its bikes are not locked: the code of before, which runs meanwhile, writes no log, and
# what it moves after its batch is added by `bike_log_repair`.
BATCH = 2000
FIRST_ROWS = """
    WITH batch AS (
        SELECT id, status, latitude, longitude, station_id FROM fleet_bike WHERE id > %s ORDER BY id LIMIT %s
    ), written AS (
        INSERT INTO fleet_bikeevent
            (bike_id, happened_at, event_types, state, latitude, longitude, station_id, actor, note)
        SELECT id, statement_timestamp(), ARRAY[
                   CASE status WHEN 'rented' THEN 'trip_start' WHEN 'reserved' THEN 'reservation_start'
                               WHEN 'maintenance' THEN 'maintenance' ELSE 'provider_drop_off' END
               ], status, latitude, longitude, station_id, 'system', 'when the log began'
        FROM batch
        WHERE NOT EXISTS (SELECT FROM fleet_bikeevent WHERE bike_id = batch.id)
        ORDER BY id
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""


def write_first_rows(apps, schema_editor):
    """Each batch commits by itself. Stopped in the middle, the next run goes on with the bikes that have no row."""
    row = ("00000000-0000-0000-0000-000000000000",)
    with schema_editor.connection.cursor() as cursor:
        while row is not None:
            cursor.execute(FIRST_ROWS, [row[0], BATCH])
            row = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("fleet", "0010_bike_log")]

    operations = [
        ValidateConstraint(model_name="bike", name="bike_status_known"),
        migrations.RunPython(write_first_rows, migrations.RunPython.noop),
    ]
