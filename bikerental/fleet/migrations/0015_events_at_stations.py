from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("fleet", "0014_range_of_models")]

    operations = [
        AddIndexConcurrently(
            model_name="bikeevent",
            index=models.Index(
                condition=models.Q(("station_id__isnull", False)),
                fields=["station_id", "happened_at"],
                name="bike_event_at_station",
            ),
        ),
    ]
