from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rentals", "0004_rides_to_forget")]

    # Checked for old rows by the next migration, which locks nobody out meanwhile.
    operations = [
        AddConstraintNotValid(
            model_name="rental",
            constraint=models.CheckConstraint(
                condition=models.Q(("status", "active"), ("ended_at__isnull", False), _connector="OR"),
                name="rental_over_has_end",
            ),
        ),
        AddConstraintNotValid(
            model_name="rental",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "settled"), _negated=True), ("cost_amount__isnull", False), _connector="OR"
                ),
                name="rental_settled_has_cost",
            ),
        ),
    ]
