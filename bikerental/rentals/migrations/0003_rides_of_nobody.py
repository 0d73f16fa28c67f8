import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rentals", "0002_reconcile_count"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="rental",
            name="rider",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rentals",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        # Checked for old rows by the next migration, which locks nobody out meanwhile.
        AddConstraintNotValid(
            model_name="rental",
            constraint=models.CheckConstraint(
                condition=models.Q(("rider__isnull", False))
                | models.Q(("end_station", None), ("start_station", None), ("status", "settled")),
                name="rental_of_nobody_is_settled_and_placeless",
            ),
        ),
    ]
