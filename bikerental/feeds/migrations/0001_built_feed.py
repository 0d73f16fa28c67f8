from django.db import migrations, models

# Unlogged: a build writes megabytes each five seconds, and is made again after a crash. Its bodies are compressed
# already.
UNLOGGED = """
    ALTER TABLE feeds_feedfile SET UNLOGGED;
    ALTER TABLE feeds_feedbuild SET UNLOGGED;
    ALTER TABLE feeds_feedfile ALTER COLUMN body SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='FeedFile',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('body', models.BinaryField()),
                ('size', models.PositiveIntegerField()),
                ('etag', models.CharField(max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('ttl', models.PositiveIntegerField()),
                ('updated_at', models.DateTimeField()),
            ],
            options={'default_permissions': ()},
        ),
        migrations.CreateModel(
            name='FeedBuild',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('built_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(default=0.0)),
                ('failures', models.PositiveIntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='feed_build_is_one_row')],
            },
        ),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
    ]
