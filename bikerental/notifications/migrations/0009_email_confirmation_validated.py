from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_email_confirmation")]

    operations = [ValidateConstraint(model_name="notification", name="notification_recipient_by_kind")]
