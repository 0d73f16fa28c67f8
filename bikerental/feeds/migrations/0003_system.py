import bikerental.core.identifiers
import bikerental.feeds.formats
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.lookups
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('feeds', '0002_agencies'),
        ('fleet', '0015_events_at_stations'),
    ]

    operations = [
        migrations.CreateModel(
            name='Region',
            fields=[
                ('id', models.UUIDField(default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('name', models.JSONField(verbose_name='name')),
            ],
            options={
                'verbose_name': 'region',
                'verbose_name_plural': 'regions',
            },
        ),
        migrations.CreateModel(
            name='RegionStation',
            fields=[
                ('station', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='fleet.station')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='feeds.region')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='region',
            name='stations',
            field=models.ManyToManyField(blank=True, related_name='+', through='feeds.RegionStation', to='fleet.station', verbose_name='stations'),
        ),
        migrations.CreateModel(
            name='System',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('system_id', models.CharField(max_length=100, verbose_name='system id')),
                ('languages', models.CharField(max_length=100, validators=[bikerental.feeds.formats.languages_check], verbose_name='languages')),
                ('name', models.JSONField(verbose_name='name')),
                ('short_name', models.JSONField(blank=True, default=dict, verbose_name='short name')),
                ('operator', models.JSONField(blank=True, default=dict, verbose_name='operator')),
                ('time_zone', models.CharField(max_length=100, validators=[bikerental.feeds.formats.time_zone_check], verbose_name='time zone')),
                ('opening_hours', models.CharField(max_length=1000, validators=[bikerental.feeds.formats.opening_hours_check], verbose_name='opening hours')),
                ('start_date', models.DateField(blank=True, null=True, verbose_name='open since')),
                ('url', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='web site')),
                ('phone_number', models.CharField(blank=True, max_length=30, validators=[bikerental.feeds.formats.phone_check], verbose_name='phone')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail for riders')),
                ('feed_contact_email', models.EmailField(max_length=254, verbose_name='e-mail for readers of the feed')),
                ('license_id', models.CharField(blank=True, max_length=100, validators=[bikerental.feeds.formats.license_check], verbose_name='licence of the data')),
                ('license_url', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='page with another licence')),
                ('attribution_name', models.JSONField(blank=True, default=dict, verbose_name='whom to name as the source')),
                ('attribution_url', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='page of the source')),
                ('terms_url', models.JSONField(blank=True, default=dict, verbose_name='terms of use')),
                ('terms_updated_on', models.DateField(blank=True, null=True, verbose_name='terms of use last changed')),
                ('privacy_url', models.JSONField(blank=True, default=dict, verbose_name='privacy policy')),
                ('privacy_updated_on', models.DateField(blank=True, null=True, verbose_name='privacy policy last changed')),
                ('android_store_uri', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.uri_check], verbose_name='Android: page in the store')),
                ('android_discovery_uri', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.uri_check], verbose_name='Android: link that opens the app')),
                ('ios_store_uri', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.uri_check], verbose_name='iOS: page in the store')),
                ('ios_discovery_uri', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.uri_check], verbose_name='iOS: link that opens the app')),
                ('brand_image_url', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='logo')),
                ('brand_image_url_dark', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='logo on a dark ground')),
                ('brand_color', models.CharField(blank=True, max_length=7, verbose_name='colour')),
                ('brand_terms_url', models.CharField(blank=True, max_length=500, validators=[bikerental.feeds.formats.url_check], verbose_name='terms of use of the logo')),
                ('brand_updated_on', models.DateField(blank=True, null=True, verbose_name='logo last changed')),
            ],
            options={
                'verbose_name': 'system in the feeds',
                'verbose_name_plural': 'system in the feeds',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='system_is_one_row'), models.CheckConstraint(condition=models.Q(('system_id__regex', '^[A-Za-z0-9._-]+$')), name='system_id_form', violation_error_message='A system id has letters of a to z, digits, dots, dashes and underscores.'), models.CheckConstraint(condition=models.Q(('languages__regex', '^[a-z]{2,3}(-[A-Z]{2})?( [a-z]{2,3}(-[A-Z]{2})?)*$'), models.Q(('languages__regex', '(^| )(\\S+)( .*)? \\2( |$)'), _negated=True)), name='system_languages'), models.CheckConstraint(condition=models.Q(models.Func(models.F('name'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('name', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536), models.Q(('name', {}), _negated=True)), name='system_name'), models.CheckConstraint(condition=models.Q(models.Func(models.F('short_name'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('short_name', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='system_short_name'), models.CheckConstraint(condition=models.Q(models.Func(models.F('operator'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('operator', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='system_operator'), models.CheckConstraint(condition=models.Q(models.Func(models.F('attribution_name'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('attribution_name', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='system_attribution_name'), models.CheckConstraint(condition=models.Q(models.Func(models.F('terms_url'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "^https://[!-~]+$")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('terms_url', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='system_terms_url'), models.CheckConstraint(condition=models.Q(models.Func(models.F('privacy_url'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "^https://[!-~]+$")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('privacy_url', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='system_privacy_url'), models.CheckConstraint(condition=models.Q(models.Q(('time_zone', ''), _negated=True), models.Q(('opening_hours', ''), _negated=True)), name='system_hours'), models.CheckConstraint(condition=models.Q(('phone_number__regex', '^(\\+[1-9][0-9]{1,14})?$')), name='system_phone'), models.CheckConstraint(condition=models.Q(('email__regex', '^([!-~]+@[!-~]+)?$'), ('feed_contact_email__regex', '^[!-~]+@[!-~]+$')), name='system_emails'), models.CheckConstraint(condition=models.Q(('license_id', ''), ('license_url', ''), _connector='OR'), name='system_one_license', violation_error_message="Give the licence's id or the address of its page, not both."), models.CheckConstraint(condition=models.Q(('url__regex', '^(https://[!-~]+)?$')), name='system_url'), models.CheckConstraint(condition=models.Q(('license_url__regex', '^(https://[!-~]+)?$')), name='system_license_url'), models.CheckConstraint(condition=models.Q(('attribution_url__regex', '^(https://[!-~]+)?$')), name='system_attribution_url'), models.CheckConstraint(condition=models.Q(('brand_image_url__regex', '^(https://[!-~]+)?$')), name='system_brand_image_url'), models.CheckConstraint(condition=models.Q(('brand_image_url_dark__regex', '^(https://[!-~]+)?$')), name='system_brand_image_url_dark'), models.CheckConstraint(condition=models.Q(('brand_terms_url__regex', '^(https://[!-~]+)?$')), name='system_brand_terms_url'), models.CheckConstraint(condition=models.Q(('android_store_uri__regex', '^([a-z][a-z0-9+.-]*://[!-~]*)?$')), name='system_android_store_uri'), models.CheckConstraint(condition=models.Q(('android_discovery_uri__regex', '^([a-z][a-z0-9+.-]*://[!-~]*)?$')), name='system_android_discovery_uri'), models.CheckConstraint(condition=models.Q(('ios_store_uri__regex', '^([a-z][a-z0-9+.-]*://[!-~]*)?$')), name='system_ios_store_uri'), models.CheckConstraint(condition=models.Q(('ios_discovery_uri__regex', '^([a-z][a-z0-9+.-]*://[!-~]*)?$')), name='system_ios_discovery_uri'), models.CheckConstraint(condition=models.Q(models.Q(('android_discovery_uri', ''), ('android_store_uri', '')), models.Q(models.Q(('android_store_uri', ''), _negated=True), models.Q(('android_discovery_uri', ''), _negated=True)), _connector='OR'), name='system_android_links', violation_error_message='An app has both links: to the store, and one that opens the app.'), models.CheckConstraint(condition=models.Q(models.Q(('ios_discovery_uri', ''), ('ios_store_uri', '')), models.Q(models.Q(('ios_store_uri', ''), _negated=True), models.Q(('ios_discovery_uri', ''), _negated=True)), _connector='OR'), name='system_ios_links', violation_error_message='An app has both links: to the store, and one that opens the app.'), models.CheckConstraint(condition=models.Q(models.Q(('terms_updated_on', None), ('terms_url', {})), models.Q(models.Q(('terms_url', {}), _negated=True), ('terms_updated_on__isnull', False)), _connector='OR'), name='system_terms_dated', violation_error_message='Give the terms of use and the day when they last changed, or neither.'), models.CheckConstraint(condition=models.Q(models.Q(('privacy_updated_on', None), ('privacy_url', {})), models.Q(models.Q(('privacy_url', {}), _negated=True), ('privacy_updated_on__isnull', False)), _connector='OR'), name='system_privacy_dated', violation_error_message='Give the privacy policy and the day when it last changed, or neither.'), models.CheckConstraint(condition=models.Q(models.Q(('brand_color', ''), ('brand_image_url', ''), ('brand_image_url_dark', ''), ('brand_terms_url', ''), ('brand_updated_on', None)), models.Q(models.Q(('brand_image_url', ''), _negated=True), ('brand_updated_on__isnull', False)), _connector='OR'), name='system_brand', violation_error_message='A logo needs its address and the day when it last changed.'), models.CheckConstraint(condition=models.Q(('brand_color__regex', '^(#[0-9a-fA-F]{6})?$')), name='system_brand_color', violation_error_message='A colour is # and six digits of 0 to 9 and a to f, such as #1a7f37.')],
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=bikerental.core.identifiers.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('type', models.CharField(choices=[('system_closure', 'system closed'), ('station_closure', 'stations closed'), ('station_move', 'stations moved'), ('other', 'other')], max_length=16, verbose_name='kind')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='from')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('summary', models.JSONField(verbose_name='in one sentence')),
                ('description', models.JSONField(blank=True, default=dict, verbose_name='in full')),
                ('url', models.JSONField(blank=True, default=dict, verbose_name='web page')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='changed at')),
                ('stations', models.ManyToManyField(blank=True, related_name='+', to='fleet.station', verbose_name='stations')),
                ('regions', models.ManyToManyField(blank=True, related_name='+', to='feeds.region', verbose_name='regions')),
            ],
            options={
                'verbose_name': 'alert',
                'verbose_name_plural': 'alerts',
                'indexes': [models.Index(fields=['starts_at', 'id'], name='alert_start')],
                'constraints': [models.CheckConstraint(condition=models.Q(('type__in', ['system_closure', 'station_closure', 'station_move', 'other'])), name='alert_type_known'), models.CheckConstraint(condition=models.Q(('ends_at', None), ('starts_at__lt', models.F('ends_at')), _connector='OR'), name='alert_starts_before_it_ends', violation_error_message='An alert starts before it ends.'), models.CheckConstraint(condition=models.Q(('starts_at__gte', '2015-12-15T05:00:00Z')), name='alert_starts_in_time', violation_error_message='The feeds have no times before 2016.'), models.CheckConstraint(condition=models.Q(models.Func(models.F('summary'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('summary', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536), models.Q(('summary', {}), _negated=True)), name='alert_summary'), models.CheckConstraint(condition=models.Q(models.Func(models.F('description'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('description', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='alert_description'), models.CheckConstraint(condition=models.Q(models.Func(models.F('url'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "^https://[!-~]+$")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('url', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536)), name='alert_url')],
            },
        ),
        migrations.AddConstraint(
            model_name='region',
            constraint=models.CheckConstraint(condition=models.Q(models.Func(models.F('name'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s, \'$ ? (@.type() == "object" && !(exists(@.keyvalue() ? (!(@.key like_regex "^[a-z]{2,3}(-[A-Z]{2})?$") || @.value.type() != "string" || !(@.value like_regex "\\\\S")))))\'::jsonpath)'), django.db.models.lookups.LessThanOrEqual(models.Func(django.db.models.functions.comparison.Cast('name', models.TextField()), function='octet_length', output_field=models.IntegerField()), 65536), models.Q(('name', {}), _negated=True)), name='region_name'),
        ),
    ]
