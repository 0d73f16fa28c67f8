import django.contrib.postgres.fields
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# Retention says that it is retention, for one transaction, in a setting.
APPEND_ONLY = """
    CREATE FUNCTION bike_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('bikerental.retention', true) = 'on' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'The log of bikes is only added to.'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'bike_event_append_only';
    END $$;
    CREATE TRIGGER bike_event_append_only BEFORE UPDATE OR DELETE ON fleet_bikeevent
        FOR EACH ROW EXECUTE FUNCTION bike_event_append_only();
"""
# The condition stands in WHEN: what is allowed, a ride above all, calls no function.
TRANSITIONS = """
    CREATE FUNCTION bike_transition_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'A bike does not go from % to %.', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bike_transition_known';
    END $$;
    CREATE TRIGGER bike_transition_known BEFORE UPDATE OF status ON fleet_bike FOR EACH ROW
        WHEN (OLD.status <> NEW.status AND OLD.status || ' ' || NEW.status NOT IN (
            'available rented', 'rented available', 'available reserved', 'reserved available', 'reserved rented',
            'rented maintenance', 'available maintenance', 'reserved maintenance', 'maintenance available',
            'available retired', 'maintenance retired', 'retired available'
        ))
        EXECUTE FUNCTION bike_transition_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('fleet', '0009_reports_and_uploads_move'),
    ]

    operations = [
        migrations.CreateModel(
            name='BikeEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bike', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='fleet.bike', verbose_name='bike')),
                ('happened_at', models.DateTimeField(verbose_name='happened at')),
                ('event_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('reservation_start', 'reserved'), ('reservation_cancel', 'reservation ended'), ('trip_start', 'ride began'), ('trip_end', 'ride ended'), ('trip_cancel', 'ride cancelled'), ('maintenance', 'maintenance'), ('rebalance_pick_up', 'picked up'), ('provider_drop_off', 'dropped off'), ('decommissioned', 'decommissioned')], max_length=24), size=None, verbose_name='what')),
                ('state', models.CharField(choices=[('available', 'available'), ('rented', 'rented'), ('reserved', 'reserved'), ('maintenance', 'maintenance'), ('retired', 'retired')], max_length=16, verbose_name='state after')),
                ('latitude', models.FloatField(verbose_name='latitude')),
                ('longitude', models.FloatField(verbose_name='longitude')),
                ('station_id', models.UUIDField(null=True, verbose_name='station')),
                ('rental_id', models.UUIDField(null=True, verbose_name='rental')),
                ('reservation_id', models.UUIDField(null=True, verbose_name='reservation')),
                ('actor', models.CharField(choices=[('rider', 'rider'), ('operator', 'operator'), ('system', 'system')], max_length=8, verbose_name='who')),
                ('operator_id', models.UUIDField(null=True, verbose_name='operator')),
                ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='note')),
            ],
            options={
                'verbose_name': 'event of a bike',
                'verbose_name_plural': 'events of bikes',
            },
        ),
        migrations.AddIndex(
            model_name='bikeevent',
            index=models.Index(models.F('bike'), models.OrderBy(models.F('id'), descending=True), name='bike_event_of_bike'),
        ),
        migrations.AddIndex(
            model_name='bikeevent',
            index=models.Index(fields=['happened_at'], name='bike_event_time'),
        ),
        migrations.AddConstraint(
            model_name='bikeevent',
            constraint=models.CheckConstraint(condition=models.Q(('event_types__contained_by', ['reservation_start', 'reservation_cancel', 'trip_start', 'trip_end', 'trip_cancel', 'maintenance', 'rebalance_pick_up', 'provider_drop_off', 'decommissioned']), ('event_types__len__gte', 1)), name='bike_event_types_known'),
        ),
        migrations.AddConstraint(
            model_name='bikeevent',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['available', 'rented', 'reserved', 'maintenance', 'retired'])), name='bike_event_state_known'),
        ),
        migrations.AddConstraint(
            model_name='bikeevent',
            constraint=models.CheckConstraint(condition=models.Q(('actor', 'operator'), models.Q(('actor__in', ['rider', 'system']), ('operator_id', None)), _connector='OR'), name='bike_event_actor_known'),
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION IF EXISTS bike_event_append_only() CASCADE"),
        # Of the table that all rides use last, so that its lock is held for a moment. What is in it is checked by
        # the next migration.
        migrations.RemoveConstraint(
            model_name='bike',
            name='bike_status_known',
        ),
        migrations.AlterField(
            model_name='bike',
            name='status',
            field=models.CharField(choices=[('available', 'available'), ('rented', 'rented'), ('reserved', 'reserved'), ('maintenance', 'maintenance'), ('retired', 'retired')], default='available', max_length=16, verbose_name='status'),
        ),
        AddConstraintNotValid(
            model_name='bike',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['available', 'rented', 'reserved', 'maintenance', 'retired'])), name='bike_status_known'),
        ),
        migrations.RunSQL(TRANSITIONS, "DROP FUNCTION IF EXISTS bike_transition_refuse() CASCADE"),
    ]
