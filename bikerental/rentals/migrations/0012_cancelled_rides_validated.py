from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # each is a scan that keeps nobody from reading and writing

    dependencies = [
        ('rentals', '0011_cancelled_rides'),
    ]

    operations = [
        ValidateConstraint(model_name='rental', name='rental_cancelled_is_free'),
        AddIndexConcurrently(
            model_name='rental',
            index=models.Index(models.F('rider'), models.F('ended_at'), condition=models.Q(('is_cancelled', True)), name='rental_cancelled'),
        ),
    ]
