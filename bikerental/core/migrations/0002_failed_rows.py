
import bikerental.core.identifiers
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FailedRow',
            fields=[
                ('id', models.UUIDField(default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('task', models.CharField(max_length=100, verbose_name='task')),
                ('row_id', models.CharField(max_length=100, verbose_name='row')),
                ('error', models.CharField(max_length=200, verbose_name='error')),
                ('failures', models.PositiveIntegerField(default=1, verbose_name='failures')),
                ('failed_at', models.DateTimeField(verbose_name='last failure at')),
                ('retry_at', models.DateTimeField(verbose_name='next attempt at')),
                ('told_at', models.DateTimeField(null=True, verbose_name='operators told at')),
            ],
            options={
                'verbose_name': 'row that failed',
                'verbose_name_plural': 'rows that failed',
                'indexes': [models.Index(models.F('id'), condition=models.Q(('told_at', None)), name='failed_row_untold')],
                'constraints': [models.UniqueConstraint(fields=('task', 'row_id'), name='failed_row_once')],
            },
        ),
    ]
