from django.db import IntegrityError, migrations, transaction

from bikerental.core.domains import domain_to_ascii


def respell(apps, schema_editor):
    """As the accounts' e-mails. Where both spellings refuse mail the other row is left to the purge."""
    RefusedAddress = apps.get_model("notifications", "RefusedAddress")
    written = RefusedAddress.objects.using(schema_editor.connection.alias).filter(email__regex="@.*[^\x01-\x7f]")
    for address_id, email in written.values_list("pk", "email"):
        local, at, domain = email.rpartition("@")
        try:
            with transaction.atomic(schema_editor.connection.alias):
                written.filter(pk=address_id).update(email=local + at + domain_to_ascii(domain))
        except IntegrityError:
            continue


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("notifications", "0006_take_outs_paused_validated")]

    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
