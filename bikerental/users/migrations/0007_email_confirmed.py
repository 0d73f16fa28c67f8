from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """Who has an account by now counts as confirmed, and so does who gets one of the old code during the
    deploy: nobody sends them a link. PostgreSQL fills the column in without touching a row."""

    dependencies = [("users", "0006_one_spelling_of_domains")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_confirmed_at",
            field=models.DateTimeField(
                blank=True,
                db_default=Now(),
                default=None,
                editable=False,
                null=True,
                verbose_name="e-mail confirmed at",
            ),
        )
    ]
