from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0007_one_spelling_of_domains"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="notification", name="notification_recipient_by_kind"),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("receipt", "receipt"),
                    ("overdue_rider", "overdue, to the rider"),
                    ("overdue_operators", "overdue, to the operators"),
                    ("rows_failed", "rows that failed, to the operators"),
                    ("take_outs_paused", "reported bikes that wait, to the operators"),
                    ("password_reset", "another password"),
                    ("email_confirmation", "confirmation of the e-mail"),
                ],
                max_length=32,
                verbose_name="kind",
            ),
        ),
        AddConstraintNotValid(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind__in", ["overdue_operators", "rows_failed", "take_outs_paused"]),
                        ("recipient__isnull", True),
                    ),
                    models.Q(("kind__in", ["receipt", "overdue_rider", "email_confirmation"]), ("recipient__isnull", False)),
                    ("kind", "password_reset"),
                    _connector="OR",
                ),
                name="notification_recipient_by_kind",
            ),
        ),
    ]
