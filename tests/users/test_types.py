import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikerental.users.types import email_normalise


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("rider@example.org", "rider@example.org"),
        ("  Rider@Example.ORG\t", "rider@example.org"),
        ("ｒｉｄｅｒ@example.org", "rider@example.org"),  # full width
        ("ﬁne@example.org", "fine@example.org"),  # a ligature
        ("\N{KELVIN SIGN}im@example.org", "kim@example.org"),
        ("rider@\u00a0example.org\u2003", "rider@ example.org"),
    ],
)
def test_an_address_has_one_spelling(written: str, stored: str) -> None:
    assert email_normalise(written) == stored


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert email_normalise(email_normalise(text)) == email_normalise(text)
