from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    # Rides go on while an index over years of them is built.
    atomic = False

    dependencies = [("rentals", "0003_rides_of_nobody")]

    operations = [
        ValidateConstraint(model_name="rental", name="rental_of_nobody_is_settled_and_placeless"),
        AddIndexConcurrently(
            model_name="rental",
            index=models.Index(
                condition=models.Q(("rider__isnull", False), ("status", "settled")),
                fields=["settled_at"],
                name="rental_to_forget",
            ),
        ),
    ]
