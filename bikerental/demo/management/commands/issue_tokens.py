from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bikerental.demo.constants import DEMO_EMAIL_DOMAIN, DEMO_TOKEN_LIFETIME_MAX
from bikerental.demo.riders import demo_riders
from bikerental.users.services import access_tokens_issue

USERS_MAX = 1_000_000


class Command(BaseCommand):
    help = f"Print access tokens of demo riders (@{DEMO_EMAIL_DOMAIN}), one a line, for load tests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", type=int, required=True, help="how many riders, a token each")
        parser.add_argument("--minutes", type=int, default=60, help="how long the tokens last, 24 hours at most")

    def handle(self, *_: Any, users: int, minutes: int, **__: Any) -> None:
        lifetime_max = int(DEMO_TOKEN_LIFETIME_MAX.total_seconds() // 60)
        if not 1 <= users <= USERS_MAX or not 1 <= minutes <= lifetime_max:
            raise CommandError(f"--users is from 1 to {USERS_MAX}, --minutes from 1 to {lifetime_max}.")
        riders = demo_riders(limit=users)
        if len(riders) < users:
            raise CommandError(
                f"There are {len(riders)} demo riders, not {users}: run seed_demo with more riders first."
            )
        tokens = access_tokens_issue(user_ids=riders, lifetime=timedelta(minutes=minutes), now=timezone.now())
        self.stdout.write("\n".join(tokens))
