"""The normalised form in which numbers of bikes are compared, because riders type what they see.

Case, dashes and spaces are ignored, and Cyrillic letters become the Latin ones that they look like. It uses a table
instead of `str.upper`, because PostgreSQL makes the same form with the function `bike_number_key`: both must agree on
every character, also with different Unicode versions. A test compares the two.
"""

from unicodedata import normalize
from urllib.parse import parse_qsl, unquote, urlsplit

NUMBER_LENGTH = 32
NUMBER_TYPED_LENGTH = 255  # the limit for typed or scanned text

_LATIN, _GREEK, _CYRILLIC = range(0x61, 0x180), range(0x3B1, 0x3CA), range(0x430, 0x460)
_LOOK_ALIKE = dict(zip("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS", strict=True))
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x2010))
)
_DASHES = (
    "-\xad\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e17\u2e1a\u2e3a\u2e3b"
    "\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead"
)
_CAPITALS = {
    chr(code): chr(code).upper()
    for letters in (_LATIN, _GREEK, _CYRILLIC)
    for code in letters
    if chr(code) != chr(code).upper() and len(chr(code).upper()) == 1
}
_FORM = {letter: _LOOK_ALIKE.get(capital, capital) for letter, capital in (_CAPITALS | _LOOK_ALIKE).items()}
_TABLE = str.maketrans(_FORM) | str.maketrans("", "", _SPACES + _DASHES)


def number_key(number: str) -> str:
    """The key of a number; empty if no character counts."""
    return number.translate(_TABLE)


def number_key_typed(text: str) -> str:
    """The key of a typed number, or of the number in the address of a QR code.

    Such an address is `https://bikerental.example/b/D-000006`, or any address whose last part or parameter `number` is
    the number.
    """
    return number_key(normalize("NFC", _number_in_address(text) if "://" in text else text))


def is_number_key(key: str) -> bool:
    """Whether a bike can have this key."""
    return len(key) <= NUMBER_LENGTH and any(map(str.isalnum, key)) and "\0" not in key


def _number_in_address(text: str) -> str:
    try:
        address = urlsplit(text.strip())
        parameters = {name.lower(): value for name, value in parse_qsl(address.query, max_num_fields=20)}
    except ValueError:
        return ""
    return parameters.get("number") or unquote(address.path.rstrip("/").rpartition("/")[2])
