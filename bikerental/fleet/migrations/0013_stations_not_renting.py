from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("fleet", "0012_closed_stations_and_fees")]

    operations = [
        AddIndexConcurrently(
            model_name="station",
            index=models.Index(models.F("id"), condition=models.Q(("is_renting", False)), name="station_not_renting"),
        ),
    ]
