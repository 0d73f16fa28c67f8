from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rentals', '0010_reservation'),
    ]

    operations = [
        migrations.AddField(
            model_name='rental',
            name='is_cancelled',
            field=models.BooleanField(db_default=False, default=False, verbose_name='cancelled'),
        ),
        migrations.AlterField(
            model_name='rentalevent',
            name='kind',
            field=models.CharField(choices=[('started', 'started'), ('overdue', 'overdue'), ('returned', 'returned'), ('ended_by_operator', 'ended by an operator'), ('settled', 'settled'), ('cancelled', 'cancelled')], max_length=20, verbose_name='kind'),
        ),
        AddConstraintNotValid(
            model_name='rental',
            constraint=models.CheckConstraint(condition=models.Q(('is_cancelled', False), models.Q(('cost_amount', 0), ('is_out_of_area', False), ('status', 'settled')), _connector='OR'), name='rental_cancelled_is_free'),
        ),
    ]
