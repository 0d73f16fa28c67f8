from django.db import migrations, models


class Migration(migrations.Migration):
    """The model comes from the core app, the table stays as it is."""

    initial = True

    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Heartbeat",
                    fields=[
                        ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        ("beat_at", models.DateTimeField()),
                    ],
                    options={"db_table": "core_heartbeat"},
                ),
            ],
        ),
    ]
