from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Rides begin and end while the index is built.
    atomic = False

    dependencies = [("rentals", "0012_cancelled_rides_validated")]

    operations = [
        AddIndexConcurrently(
            model_name="rental",
            index=models.Index("ended_at", "id", condition=models.Q(("ended_at__isnull", False)), name="rental_ended"),
        ),
    ]
