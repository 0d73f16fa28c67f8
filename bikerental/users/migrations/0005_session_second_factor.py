import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("otp_totp", "0003_add_timestamps"),
        ("users", "0004_erased_is_nobody_everywhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="second_factor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="otp_totp.totpdevice",
            ),
        ),
    ]
