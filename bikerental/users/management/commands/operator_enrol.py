"""Gives an operator the second factor that the admin's login asks for."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

import qrcode
from django.core.management.base import BaseCommand, CommandError

from bikerental.core.errors import Refusal
from bikerental.users.exceptions import NoOperatorError
from bikerental.users.selectors import user_of_email
from bikerental.users.services import second_factor_enrol


class Command(BaseCommand):
    help = (
        "Make a key for an operator's authenticator and show it, once, as a QR code and an address. From "
        "then on the admin's login asks for the authenticator's code beside the password."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "email", type=readable, help="of an account that is an operator's (createsuperuser makes one)"
        )
        parser.add_argument(
            "--replace", action="store_true", help="the old authenticator is lost: it opens nothing more"
        )

    def handle(self, **options: Any) -> None:
        try:
            user = user_of_email(email=options["email"])
            if user is None:
                raise NoOperatorError
            address = second_factor_enrol(user_id=user.pk, replace=options["replace"])
        except Refusal as refusal:
            raise CommandError(f"{refusal} Nothing was changed; see --help.") from refusal
        code = qrcode.QRCode()
        code.add_data(address)
        code.print_ascii(out=self.stdout, invert=True)
        self.stdout.write(f"{address}\n\nScan it now: it is not shown again. Log in with the password and its code.")


def readable(text: str) -> str:
    """Bytes of the command line that are no UTF-8 come as lone surrogates, which PostgreSQL cannot be asked for."""
    if not text.isprintable():
        raise ArgumentTypeError(f"{text!r} is not an e-mail address")
    return text
