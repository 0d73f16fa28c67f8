from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # each is a scan that keeps nobody from reading and writing
    dependencies = [("rentals", "0008_out_of_area")]

    operations = [
        ValidateConstraint(model_name="rental", name="rental_out_of_area_fee_not_negative"),
        ValidateConstraint(model_name="rental", name="rental_out_of_area_has_fee"),
    ]
