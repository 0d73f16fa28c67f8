"""QR codes of bikes as SVG."""

from urllib.parse import quote

import segno
from django.utils.safestring import SafeString, mark_safe

from bikerental.core.sheets import safe_cell


def code_text(number: str, *, address: str) -> str:
    """The text in a bike's code: its number, or the address with the number in it. The API finds the bike by both.

    A number that a spreadsheet would run as a formula is always written with the scheme `bike:`.
    """
    quoted = quote(number, safe="")
    if address:
        return address.replace("{number}", quoted)
    return number if safe_cell(number) == number else f"bike://number/{quoted}"


def code_picture(text: str) -> SafeString:
    """Black on white, with the margin that scanners need. It can be read with up to 15 % of it damaged."""
    picture: str = segno.make_qr(text, error="m").svg_inline(omitsize=True, border=4)
    return mark_safe(picture)  # noqa: S308 - numbers alone, which say where lines are
