import django.utils.timezone
from django.db import migrations, models

import bikerental.core.identifiers


class Migration(migrations.Migration):
    dependencies = [("notifications", "0009_email_confirmation_validated")]

    operations = [
        migrations.CreateModel(
            name="SentMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("address_key", models.CharField(max_length=64)),
            ],
            options={
                "indexes": [models.Index(fields=["address_key", "created_at"], name="sent_mail_of_address")],
            },
        ),
    ]
