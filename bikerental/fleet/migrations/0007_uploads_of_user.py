from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Photos come in while the index is built.
    atomic = False
    dependencies = [("fleet", "0006_bike_number_key")]

    operations = [
        AddIndexConcurrently(
            model_name="photoupload",
            index=models.Index(fields=["uploader", "created_at"], name="photo_upload_of_user"),
        ),
    ]
