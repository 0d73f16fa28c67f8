from django.db import migrations


class Migration(migrations.Migration):
    """The models move to the maintenance app, their tables stay as they are."""

    dependencies = [("fleet", "0008_looks_at_uploads"), ("maintenance", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name="PhotoUpload"),
                migrations.DeleteModel(name="BikeReport"),
                migrations.DeleteModel(name="TakeOut"),
                migrations.DeleteModel(name="TakeOutLimit"),
            ]
        ),
    ]
