"""Sets up an operator's second factor for the admin's log-in."""

from argparse import ArgumentParser, ArgumentTypeError
from io import StringIO
from typing import Any

import segno
from django.core.management.base import BaseCommand, CommandError

from bikerental.core.errors import Refusal
from bikerental.users.exceptions import NoOperatorError
from bikerental.users.selectors import user_of_email
from bikerental.users.services import second_factor_enrol


class Command(BaseCommand):
    help = (
        "Make a key for an operator's authenticator and show it once, as a QR code and an address. From "
        "then on the admin's log-in asks for the authenticator's code besides the password."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "email", type=email_argument, help="the e-mail of an operator's account (createsuperuser makes one)"
        )
        parser.add_argument(
            "--replace", action="store_true", help="replace the authenticator: the old one stops working"
        )

    def handle(self, **options: Any) -> None:
        try:
            user = user_of_email(email=options["email"])
            if user is None:
                raise NoOperatorError
            address = second_factor_enrol(user_id=user.pk, replace=options["replace"])
        except Refusal as refusal:
            raise CommandError(f"{refusal} Nothing was changed; see --help.") from refusal
        self.stdout.write(qr_code(address))
        self.stdout.write(f"{address}\n\nScan it now: it is not shown again. Log in with the password and its code.")


def qr_code(address: str) -> str:
    """A QR code in characters, two modules a character, to be scanned from a dark terminal."""
    picture = StringIO()
    segno.make_qr(address).terminal(out=picture, compact=True)
    return picture.getvalue()


def email_argument(text: str) -> str:
    """Refuse unprintable text: on a command line, invalid UTF-8 becomes lone surrogates, which PostgreSQL refuses."""
    if not text.isprintable():
        raise ArgumentTypeError(f"{text!r} is not an e-mail address")
    return text
