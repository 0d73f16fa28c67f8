from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

# What a writer brought back that was under way while an account was erased.
ERASE_AGAIN = """
UPDATE users_user
   SET name = '', email = 'erased-' || id || '@erased.invalid', password = '!', last_login = NULL
 WHERE erased_at IS NOT NULL
   AND NOT (name = '' AND email LIKE '%@erased.invalid' AND password LIKE '!%' AND last_login IS NULL)
"""


class Migration(migrations.Migration):
    # The table is read without a lock that keeps riders out.
    atomic = False

    dependencies = [("users", "0003_erased_is_nobody")]

    operations = [
        migrations.RunSQL(ERASE_AGAIN, migrations.RunSQL.noop),
        ValidateConstraint(model_name="user", name="user_erased_is_nobody"),
    ]
