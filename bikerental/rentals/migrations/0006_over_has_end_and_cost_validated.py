from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # each is a scan that keeps nobody from reading and writing
    dependencies = [("rentals", "0005_over_has_end_and_cost")]

    operations = [
        ValidateConstraint(model_name="rental", name="rental_over_has_end"),
        ValidateConstraint(model_name="rental", name="rental_settled_has_cost"),
    ]
