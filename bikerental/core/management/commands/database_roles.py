from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from bikerental.core.db.roles import Role, roles_ensure
from bikerental.core.db.transactions import sqlstate

NOT_ALLOWED = "42501"


class Command(BaseCommand):
    help = (
        "Make the database's roles of DATABASE_URL and BACKUP_DATABASE_URL, and give them their rights: the one reads "
        "and writes rows, the other reads. Runs as the schema's owner (MIGRATE_DATABASE_URL). Each deploy does this."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        roles = {key: Role(url["USER"], url["PASSWORD"]) for key, url in settings.DATABASE_ROLES.items()}
        owner = roles.get("owner")
        if owner is None or owner.name == roles["application"].name:
            self.stdout.write("There is one role for everything: MIGRATE_DATABASE_URL names no other.")
            return
        try:
            roles_ensure(application=roles["application"], reader=roles.get("reader"))
        except ProgrammingError as error:
            if sqlstate(error) != NOT_ALLOWED:
                raise
            raise CommandError(
                f"{owner.name} may not do this: {error} Let an administrator make the roles of DATABASE_URL and "
                f"BACKUP_DATABASE_URL, or give {owner.name} CREATEROLE."
            ) from error
        self.stdout.write(f"{roles['application'].name} reads and writes rows; {owner.name} owns the schema.")
