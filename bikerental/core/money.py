"""Money is a Decimal with two digits beside an ISO 4217 currency; never a float."""

from decimal import Decimal


def money_text(amount: Decimal) -> str:
    """`Decimal("145")` as `"145.00"`."""
    return f"{amount:.2f}"
