from django.db import migrations


class Migration(migrations.Migration):
    """The model moves to the observe app, the table stays as it is."""

    dependencies = [("core", "0002_failed_rows"), ("observe", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Heartbeat")]),
    ]
