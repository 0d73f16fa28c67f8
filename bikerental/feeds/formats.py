"""How the values of GBFS are written. Each check says what is wrong.

The lists are those of the schemas of GBFS 3.0 and 2.3: what is not in them makes a whole file invalid.
"""

import re
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from bikerental.feeds.constants import LANGUAGES_MAX

LISTS = Path(__file__).parent / "lists"
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_APP = re.compile(r"([a-z][a-z0-9+.-]{0,31})://[!-~]*")
_ASCII = re.compile(r"[!-~]*")
_POSITION = re.compile(r"--> 1:(\d+)")
# A browser runs what follows these.
_SCRIPTS = frozenset({"javascript", "vbscript", "data", "file"})
_is_https = URLValidator(schemes=["https"])


@cache
def listed(name: str) -> frozenset[str]:
    return frozenset((LISTS / f"{name}.txt").read_text().split())


def time_zone_check(text: str) -> None:
    if text not in listed("time_zones") or text not in available_timezones():
        raise ValidationError(_("This is no time zone of the IANA database, such as Europe/Berlin."))


def license_check(text: str) -> None:
    if text not in listed("licenses"):
        raise ValidationError(
            _(
                "GBFS does not know this SPDX id. Write one exactly as in SPDX's list, such as CC-BY-4.0 or ODbL-1.0; "
                "for any other licence give the address of its page."
            )
        )


def languages_check(text: str) -> None:
    tags = text.split(" ")
    for tag in tags:
        _tag_check(tag)
    if len(set(tags)) < len(tags):
        raise ValidationError(_("A language is named twice."))
    if len(tags) > LANGUAGES_MAX:
        raise ValidationError(_("There can be at most %(count)d languages."), params={"count": LANGUAGES_MAX})


def _tag_check(tag: str) -> None:
    from langcodes import standardize_tag, tag_is_valid  # here, because most processes never need its tables

    if not _TAG.fullmatch(tag):
        message = _("“%(tag)s” is not written as GBFS wants: en, or pt-BR for the Portuguese of Brazil.")
        raise ValidationError(message, params={"tag": tag})
    if not tag_is_valid(tag):
        raise ValidationError(_("“%(tag)s” is no language of BCP 47."), params={"tag": tag})
    if (best := standardize_tag(tag)) != tag:
        raise ValidationError(_("BCP 47 writes “%(tag)s” as %(best)s."), params={"tag": tag, "best": best})


def opening_hours_check(text: str) -> None:
    # A native library that only a form needs.
    from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined] # its types leave the error out

    try:
        OpeningHours(text)
    except ParserError as error:
        position = _POSITION.search(str(error))
        rest = text[int(position[1]) - 1 :] if position else text
        message = _(
            "Not understood from “%(rest)s” on. Write the hours as OpenStreetMap does: 24/7, or Mo-Fr 06:00-23:00; "
            "Sa,Su 08:00-22:00."
        )
        raise ValidationError(message, params={"rest": rest[:20]}) from error


def phone_check(text: str) -> None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise ValidationError(_("Write the number with + and the country's code, such as +12025550100.")) from error
    if not phonenumbers.is_possible_number(number):
        raise ValidationError(_("No number of this country has so many digits."))
    best = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if best != text:
        raise ValidationError(_("Write it in E.164: %(best)s."), params={"best": best})


def url_check(text: str) -> None:
    try:
        _is_https(text)
    except ValidationError as error:
        raise ValidationError(_("Give an address that begins with https://.")) from error
    _ascii_check(text)


def uri_check(text: str) -> None:
    """A link of an app may have a scheme of its own."""
    _ascii_check(text)
    match = _APP.fullmatch(text)
    if match is None or match[1] in _SCRIPTS:
        raise ValidationError(_("Give a link such as https://play.google.com/store/apps/… or app://open."))


def _ascii_check(text: str) -> None:
    if not _ASCII.fullmatch(text):
        raise ValidationError(_("Write other characters than those of ASCII in percent-encoding."))
