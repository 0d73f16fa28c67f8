from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """A kind is known by its name: an app that adds one changes no constraint."""

    dependencies = [
        ("notifications", "0010_sent_mails"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(max_length=32, verbose_name="kind"),
        ),
        AddConstraintNotValid(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(
                            ("kind__endswith", "_operators"),
                            ("kind__in", ["rows_failed", "take_outs_paused"]),
                            _connector="OR",
                        ),
                        ("recipient__isnull", True),
                    ),
                    models.Q(
                        models.Q(
                            ("kind__endswith", "_operators"),
                            ("kind__in", ["rows_failed", "take_outs_paused"]),
                            _connector="OR",
                            _negated=True,
                        ),
                        ("recipient__isnull", False),
                    ),
                    ("kind", "password_reset"),
                    _connector="OR",
                ),
                name="notification_recipient_by_name",
            ),
        ),
        migrations.RemoveConstraint(model_name="notification", name="notification_recipient_by_kind"),
    ]
