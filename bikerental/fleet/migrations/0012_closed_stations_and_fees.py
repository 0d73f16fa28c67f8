import django.core.validators
import django.db.models.functions.math
from django.db import migrations, models

# A ride reads both tables. A transaction that held one lock and waited for the other would deadlock with it. So each
# statement commits by itself, and may run again after a stop between them.
STATIONS = """
    ALTER TABLE fleet_station
        ADD COLUMN IF NOT EXISTS is_renting boolean DEFAULT true NOT NULL,
        ADD COLUMN IF NOT EXISTS is_returning boolean DEFAULT true NOT NULL
"""
TARIFFS = """
    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = 'fleet_tariff'::regclass AND attname = 'out_of_area_fee'
        ) THEN
            ALTER TABLE fleet_tariff
                ADD COLUMN out_of_area_fee numeric(10, 2) NULL,
                ADD CONSTRAINT tariff_out_of_area_fee_bounded
                    CHECK (out_of_area_fee IS NULL OR out_of_area_fee BETWEEN 0 AND 1000000),
                ADD CONSTRAINT tariff_out_of_area_fee_can_be_paid CHECK (
                    NOT (currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX',
                                      'VND', 'VUV', 'XAF', 'XOF', 'XPF'))
                    OR out_of_area_fee IS NULL OR out_of_area_fee = ROUND(out_of_area_fee, 0)
                );
        END IF;
    END $$
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('fleet', '0011_bike_log_first_rows'),
    ]

    operations = [
        migrations.RunSQL(
            STATIONS,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AddField(
                    model_name='station',
                    name='is_renting',
                    field=models.BooleanField(db_default=True, default=True, verbose_name='lends bikes'),
                ),
                migrations.AddField(
                    model_name='station',
                    name='is_returning',
                    field=models.BooleanField(db_default=True, default=True, verbose_name='takes returns'),
                ),
            ],
        ),
        migrations.RunSQL(
            TARIFFS,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AddField(
                    model_name='tariff',
                    name='out_of_area_fee',
                    field=models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1000000)], verbose_name='fee for an end out of the area'),
                ),
                migrations.AddConstraint(
                    model_name='tariff',
                    constraint=models.CheckConstraint(condition=models.Q(('out_of_area_fee', None), ('out_of_area_fee__range', (0, 1000000)), _connector='OR'), name='tariff_out_of_area_fee_bounded'),
                ),
                migrations.AddConstraint(
                    model_name='tariff',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('currency__in', ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')), _negated=True), ('out_of_area_fee', None), ('out_of_area_fee', django.db.models.functions.math.Round('out_of_area_fee')), _connector='OR'), name='tariff_out_of_area_fee_can_be_paid', violation_error_message='This currency has no smaller unit: only whole amounts can be paid.'),
                ),
            ],
        ),
    ]
