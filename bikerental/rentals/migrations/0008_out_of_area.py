from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fleet', '0012_closed_stations_and_fees'),
        ('rentals', '0007_charge_settled_rides'),
    ]

    # The constraints are checked for old rows by the next migration, which locks nobody out meanwhile.
    operations = [
        migrations.AddField(
            model_name='rental',
            name='is_out_of_area',
            field=models.BooleanField(db_default=False, default=False, verbose_name='ended out of the area'),
        ),
        migrations.AddField(
            model_name='rental',
            name='out_of_area_fee',
            field=models.DecimalField(decimal_places=2, max_digits=10, null=True, verbose_name='fee for an end out of the area'),
        ),
        AddConstraintNotValid(
            model_name='rental',
            constraint=models.CheckConstraint(condition=models.Q(('out_of_area_fee', None), ('out_of_area_fee__gte', 0), _connector='OR'), name='rental_out_of_area_fee_not_negative'),
        ),
        AddConstraintNotValid(
            model_name='rental',
            constraint=models.CheckConstraint(condition=models.Q(('is_out_of_area', False), models.Q(('ended_at__isnull', False), ('out_of_area_fee__isnull', False)), _connector='OR'), name='rental_out_of_area_has_fee'),
        ),
    ]
