"""Gives an agency a token for the city's view, or ends it."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bikerental.core.errors import Refusal
from bikerental.feeds.models import Agency
from bikerental.feeds.services import agency_add, agency_end, agency_replace_token

NAME_LENGTH_MAX = Agency._meta.get_field("name").max_length or 0


class Command(BaseCommand):
    help = (
        "Make a token with which a public agency reads /mds/, and print it once: only a digest of it is kept. "
        "Whoever has the token reads every vehicle, trip and event; it opens nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", type=agency_name, help="the name of the agency, as the admin shows it")
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--replace", action="store_true", help="end the agency's token and make another one")
        either.add_argument("--end", action="store_true", help="end the agency's token; it stops working at once")

    def handle(self, **options: Any) -> None:
        name, now = options["name"], timezone.now()
        try:
            if options["end"]:
                agency_end(name=name, now=now)
                self.stdout.write("The token has ended.")
                return
            new = (agency_replace_token if options["replace"] else agency_add)(name=name, now=now)
        except Refusal as refusal:
            raise CommandError(f"{refusal} Nothing was changed; see --help.") from refusal
        self.stdout.write(new.token)
        self.stderr.write("It is not shown again. Give it to the agency over a channel that nobody else reads.")


def agency_name(text: str) -> str:
    """Refuse unprintable text: on a command line, invalid UTF-8 becomes lone surrogates, which PostgreSQL refuses."""
    name = text.strip()
    if not (name and name.isprintable() and len(name) <= NAME_LENGTH_MAX):
        raise ArgumentTypeError(f"{text[:NAME_LENGTH_MAX]!r} is not a name of up to {NAME_LENGTH_MAX} characters")
    return name
