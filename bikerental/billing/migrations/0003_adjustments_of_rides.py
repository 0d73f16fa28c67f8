from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("billing", "0002_guards")]

    operations = [
        AddIndexConcurrently(
            model_name="entry",
            index=models.Index(
                models.F("rental_id"),
                condition=models.Q(("kind__in", ["adjustment", "reversal"])),
                name="entry_adjusting_ride",
            ),
        )
    ]
