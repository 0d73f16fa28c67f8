import bikerental.core.identifiers
import django.db.models.functions.comparison
import django.db.models.lookups
import django.utils.timezone
from django.db import migrations, models


# Each change of the zones gets a number that was never used before: a sequence is not rolled back. The one row
# with the last number is locked until the change is committed, so numbers are in the order of the commits.
VERSION = """
    CREATE SEQUENCE zones_numbers;
    CREATE FUNCTION zones_number() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last bigint;
    BEGIN
        INSERT INTO zones_zoneversion AS version (id, number) VALUES (1, nextval('zones_numbers'))
            ON CONFLICT (id) DO UPDATE SET number = nextval('zones_numbers')
            RETURNING version.number INTO last;
        IF TG_OP IN ('INSERT', 'UPDATE') THEN
            NEW.revision := last;
            RETURN NEW;
        END IF;
        RETURN OLD;
    END $$;
    CREATE TRIGGER zones_number BEFORE INSERT OR UPDATE OR DELETE ON zones_zone
        FOR EACH ROW EXECUTE FUNCTION zones_number();
    CREATE TRIGGER zones_number_of_all AFTER TRUNCATE ON zones_zone
        FOR EACH STATEMENT EXECUTE FUNCTION zones_number();
"""
UNDO = """
    DROP TRIGGER zones_number_of_all ON zones_zone;
    DROP TRIGGER zones_number ON zones_zone;
    DROP FUNCTION zones_number();
    DROP SEQUENCE zones_numbers;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Zone',
            fields=[
                ('id', models.UUIDField(default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('kind', models.CharField(choices=[('service_area', 'service area'), ('no_return', 'no return')], max_length=16, verbose_name='kind')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('valid_from', models.DateTimeField(blank=True, null=True, verbose_name='valid from')),
                ('valid_until', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
                ('shape', models.JSONField(verbose_name='shape')),
                ('points', models.PositiveIntegerField(editable=False, verbose_name='points')),
                ('revision', models.BigIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                'verbose_name': 'zone',
                'verbose_name_plural': 'zones',
                'indexes': [models.Index(fields=['name', 'id'], name='zone_name')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['service_area', 'no_return'])), name='zone_kind_known'), models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_until', None), ('valid_from__lt', models.F('valid_until')), _connector='OR'), name='zone_begins_before_it_ends', violation_error_message='A zone is valid from a time before it is valid until.'), models.CheckConstraint(condition=models.Q(('shape__has_keys', ['type', 'coordinates']), ('shape__type__in', ['Polygon', 'MultiPolygon'])), name='zone_shape_is_polygon'), models.CheckConstraint(condition=django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('shape', models.TextField()), function='octet_length', output_field=models.IntegerField()), 262144), name='zone_shape_bounded'), models.CheckConstraint(condition=models.Q(('points__range', (4, 5000))), name='zone_points_bounded')],
            },
        ),
        migrations.CreateModel(
            name='ZoneVersion',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='zone_version_is_one_row')],
            },
        ),
        migrations.RunSQL(VERSION, UNDO),
    ]
