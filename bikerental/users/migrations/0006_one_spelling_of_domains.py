import logging

from django.db import IntegrityError, migrations, transaction

from bikerental.core.domains import domain_to_ascii

logger = logging.getLogger(__name__)


def respell(apps, schema_editor):
    """E-mails with an IDN as people write it get its punycode. Of two accounts with one mailbox, which
    had a spelling each, the one that has the punycode stays reachable."""
    User = apps.get_model("users", "User")
    written = User.objects.using(schema_editor.connection.alias).filter(email__regex="@.*[^\x01-\x7f]")
    for user_id, email in written.values_list("pk", "email").iterator(chunk_size=500):
        local, at, domain = email.rpartition("@")
        try:
            with transaction.atomic(schema_editor.connection.alias):
                written.filter(pk=user_id, email=email).update(email=local + at + domain_to_ascii(domain))
        except IntegrityError:
            logger.warning("User %s has the mailbox of another account, in another spelling: close one of them.", user_id)


class Migration(migrations.Migration):
    atomic = False  # a row at a time: nobody waits for the others

    dependencies = [("users", "0005_session_second_factor")]

    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
