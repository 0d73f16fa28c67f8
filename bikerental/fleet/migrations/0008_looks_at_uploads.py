from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Uploads go on while the index is built.
    atomic = False

    dependencies = [("fleet", "0007_uploads_of_user")]

    operations = [
        migrations.AddField(
            model_name="photoupload",
            name="looks",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="looks"),
        ),
        AddIndexConcurrently(
            model_name="photoupload",
            index=models.Index(
                condition=models.Q(("state", "refused")), fields=["created_at"], name="photo_upload_refused"
            ),
        ),
    ]
