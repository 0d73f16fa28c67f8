import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikerental.core.domains import domain_to_ascii
from bikerental.users.types import email_normalise, email_spellings, password_forms, password_normalise


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("rider@example.org", "rider@example.org"),
        ("  Rider@Example.ORG\t", "rider@example.org"),
        ("ｒｉｄｅｒ@example.org", "rider@example.org"),  # full width
        ("ﬁne@example.org", "fine@example.org"),  # a ligature
        ("\N{KELVIN SIGN}im@example.org", "kim@example.org"),
        ("rider@\u00a0example.org\u2003", "rider@ example.org"),
        ("rider@пример.рф", "rider@xn--e1afmkfd.xn--p1ai"),
        ("RIDER@ПРИМЕР.РФ", "rider@xn--e1afmkfd.xn--p1ai"),
        ("rider@XN--E1AFMKFD.XN--P1AI", "rider@xn--e1afmkfd.xn--p1ai"),
        ("rider@пример。рф", "rider@xn--e1afmkfd.xn--p1ai"),  # an ideographic full stop
        ("rider@и\u0306.example", "rider@xn--i1a.example"),
        ("rider@faß.example", "rider@xn--fa-hia.example"),  # a different domain from the one with ss
        ("rider@☕.example", "rider@xn--53h.example"),  # refused by the newer rules
        ("вело@пример.рф", "вело@xn--e1afmkfd.xn--p1ai"),
        ("rider@" + "ж" * 64 + ".рф", "rider@" + "ж" * 64 + ".рф"),  # not a valid domain
    ],
)
def test_an_address_has_one_spelling(written: str, stored: str) -> None:
    assert email_normalise(written) == stored


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert email_normalise(email_normalise(text)) == email_normalise(text)


@pytest.mark.parametrize("typed", ["rider@пример.рф", "rider@xn--e1afmkfd.xn--p1ai"])
def test_an_address_is_found_in_its_old_spelling(typed: str) -> None:
    assert email_spellings(typed) == ["rider@xn--e1afmkfd.xn--p1ai", "rider@пример.рф"]


@pytest.mark.parametrize(
    "typed", ["Rider@example.org", "rider@xn--0000.example", "rider@xn--e1afmkfd.example@example.org"]
)
def test_most_addresses_have_one_spelling(typed: str) -> None:
    assert email_spellings(typed) == [typed.lower()]


@pytest.mark.parametrize(
    ("typed", "hashed"),
    [
        ("велосипед", "велосипед"),
        ("велосипе\u0434\u0438\u0306", "велосипед\u0439"),  # и and a breve, as macOS types й
        ("е\u0308лка на рулe", "ёлка на рулe"),
        ("pedal\u00a0harder\u3000\u20099", "pedal harder  9"),
        ("\u2000", " "),
        (" Pedal ", " Pedal "),  # neither trimmed nor folded
        ("ｐedal ﬁrm", "ｐedal ﬁrm"),  # NFC, not NFKC
        ("", ""),
    ],
)
def test_a_password_has_one_form(typed: str, hashed: str) -> None:
    assert password_normalise(typed) == hashed


@given(st.text())
def test_a_normalised_password_is_its_only_form(text: str) -> None:
    normalised = password_normalise(text)

    assert password_forms(normalised) == [normalised]
    assert bool(normalised) == bool(text)


@pytest.mark.parametrize("normalise", [email_normalise, password_normalise, email_spellings, password_forms])
def test_a_long_row_of_marks_takes_no_time(normalise: Callable[[str], object]) -> None:
    """Sorting 40,000 marks one by one takes seconds."""
    text = "a@" + "\u0301\u0327" * 20_000

    started = time.perf_counter()
    normalise(text)

    assert time.perf_counter() - started < 0.1


def test_a_long_label_takes_no_time() -> None:
    """The punycode of 3,000 different letters takes seconds."""
    domain = "".join(chr(0x4E00 + number) for number in range(3_000))

    started = time.perf_counter()
    assert domain_to_ascii(domain) == domain

    assert time.perf_counter() - started < 0.1
