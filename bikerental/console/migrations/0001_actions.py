import bikerental.core.identifiers
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# Erasing an account empties the reasons that may name its owner. Nothing else changes a row.
APPEND_ONLY = """
    CREATE FUNCTION console_action_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE emptied console_action;
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            emptied := OLD;
            emptied.reason := '';
            IF NEW IS NOT DISTINCT FROM emptied THEN
                RETURN NEW;
            END IF;
        END IF;
        -- Emptying the whole database is said so in the transaction that does it: `flush`, the demo city.
        IF TG_OP = 'TRUNCATE' AND current_setting('bikerental.emptying', true) = 'on' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'The log of operators is only added to.'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'console_action_append_only';
    END $$;
    CREATE TRIGGER console_action_append_only BEFORE UPDATE OR DELETE ON console_action
        FOR EACH ROW EXECUTE FUNCTION console_action_append_only();
    CREATE TRIGGER console_action_append_only_whole BEFORE TRUNCATE ON console_action
        FOR EACH STATEMENT EXECUTE FUNCTION console_action_append_only();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Action',
            fields=[
                ('id', models.UUIDField(default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('kind', models.CharField(max_length=40, verbose_name='what')),
                ('key', models.UUIDField()),
                ('bike_id', models.UUIDField(null=True, verbose_name='bike')),
                ('rental_id', models.UUIDField(null=True, verbose_name='ride')),
                ('rider_id', models.UUIDField(null=True, verbose_name='rider')),
                ('claim_id', models.UUIDField(null=True, verbose_name='claim')),
                ('station_id', models.UUIDField(null=True, verbose_name='station')),
                ('zone_id', models.UUIDField(null=True, verbose_name='zone')),
                ('reason', models.CharField(blank=True, default='', max_length=500, verbose_name='reason')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('operator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='operator')),
            ],
            options={
                'verbose_name': 'action of an operator',
                'verbose_name_plural': 'actions of operators',
                'permissions': [('open_today', "may open the console's page of the day"), ('open_figures', "may open the console's figures"), ('open_service', "may open the console's page of the service"), ('assign_roles', 'may give roles to operators')],
                'default_permissions': ('view',),
                'indexes': [models.Index(models.F('operator'), models.OrderBy(models.F('id'), descending=True), name='console_action_operator'), models.Index(models.F('bike_id'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('bike_id__isnull', False)), name='console_action_bike'), models.Index(models.F('rental_id'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('rental_id__isnull', False)), name='console_action_ride'), models.Index(models.F('rider_id'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('rider_id__isnull', False)), name='console_action_rider')],
                'constraints': [models.UniqueConstraint(fields=('key',), name='console_action_key')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION IF EXISTS console_action_append_only() CASCADE"),
    ]
