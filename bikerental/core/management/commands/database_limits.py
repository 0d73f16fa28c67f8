from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bikerental.core.db.limits import limits_read, limits_store


class Command(BaseCommand):
    help = (
        "Keep the application's time limits in PostgreSQL, as settings of its role in its database. "
        "Needed behind a pooler (DATABASE_POOLED), which lets no session bring its own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail unless they are in force")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        if not check:
            limits_store()
            self.stdout.write("Stored. Sessions that are open keep what they have: `RECONNECT` in PgBouncer's console.")
            return
        limits = limits_read()
        for limit in limits:
            self.stdout.write(f"{limit.name}: {limit.found}")
        if missing := [f"{limit.name} should be {limit.wanted}" for limit in limits if not limit.is_in_force]:
            raise CommandError(
                f"Not in force: {', '.join(missing)}. Run `manage.py database_limits`, then `RECONNECT` "
                "in PgBouncer's console."
            )
