from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_take_outs_paused")]

    operations = [ValidateConstraint(model_name="notification", name="notification_recipient_by_kind")]
