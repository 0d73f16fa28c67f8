from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0002_recent_change")]

    operations = [
        AddConstraintNotValid(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("email__endswith", "@erased.invalid"),
                        ("last_login__isnull", True),
                        ("name", ""),
                        ("password__startswith", "!"),
                    ),
                    _connector="OR",
                ),
                name="user_erased_is_nobody",
            ),
        ),
    ]
