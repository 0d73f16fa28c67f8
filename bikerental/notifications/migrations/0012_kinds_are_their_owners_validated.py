from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0011_kinds_are_their_owners")]

    operations = [ValidateConstraint(model_name="notification", name="notification_recipient_by_name")]
