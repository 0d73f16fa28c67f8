import logging

from django.db import IntegrityError, migrations, transaction

logger = logging.getLogger(__name__)

CONSTRAINTS = ("tariff_currency_known", "tariff_terms_bounded", "tariff_amounts_can_be_paid")


def validate(apps, schema_editor):
    """What old tariffs say stays: riders are riding by it. New ones are refused either way."""
    connection = schema_editor.connection
    for name in CONSTRAINTS:
        try:
            with transaction.atomic(connection.alias), connection.cursor() as cursor:
                cursor.execute(f'ALTER TABLE "fleet_tariff" VALIDATE CONSTRAINT "{name}"')
        except IntegrityError:
            logger.warning(
                "Some tariffs are older than %s and break it. Give their bikes another tariff, delete them, "
                "then: ALTER TABLE fleet_tariff VALIDATE CONSTRAINT %s;",
                name,
                name,
            )


class Migration(migrations.Migration):
    dependencies = [("fleet", "0003_bounded_tariffs")]

    operations = [migrations.RunPython(validate, migrations.RunPython.noop)]
