from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0013_stations_not_renting")]

    operations = [
        migrations.AddField(
            model_name="bikemodel",
            name="max_range_m",
            field=models.PositiveIntegerField(
                db_default=50_000,
                default=50_000,
                help_text="With a motor: how far the bike goes with a full battery. The public feed shows it.",
                validators=[MinValueValidator(1_000), MaxValueValidator(1_000_000)],
                verbose_name="range in metres",
            ),
        ),
        # The table has a few rows, and every one of them has the default.
        migrations.AddConstraint(
            model_name="bikemodel",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_range_m__range", (1_000, 1_000_000))), name="bike_model_range_bounded"
            ),
        ),
    ]
