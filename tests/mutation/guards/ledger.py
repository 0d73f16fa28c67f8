"""The ledger: what is booked by hand, and what a debt is."""

from tests.mutation.entries import Guard

BOOKING, BOOKED = "bikerental/billing/services/booking.py", "tests/billing/test_booking.py"

GUARDS = (
    Guard(
        "an amount is above zero and in cents",
        BOOKING,
        "    if amount <= 0 or amount % unit:\n        raise AmountInvalidError\n",
        "",
        (f"{BOOKED}::test_an_amount_is_above_zero_and_in_cents",),
    ),
    Guard(
        "what a person books has a reason",
        BOOKING,
        "    if not booking.reason.strip():\n        raise ReasonMissingError\n",
        "",
        (f"{BOOKED}::test_a_reason_is_given",),
    ),
    Guard(
        "a key books one amount",
        BOOKING,
        "if not is_same or not entry.postings.filter(account=draft.account, amount=draft.amount).exists():",
        "if not is_same:",
        (f"{BOOKED}::test_a_key_books_nothing_else",),
    ),
    Guard(
        "what the ledger refuses is refused by name",
        BOOKING,
        '        cursor.execute("SET CONSTRAINTS entry_written IMMEDIATE; SET CONSTRAINTS entry_written DEFERRED")',
        "        pass",
        (f"{BOOKED}::test_a_refund_is_at_most_the_payment",),
    ),
    Guard(
        "a manual booking locks the account",
        "bikerental/billing/locks.py",
        'Account.objects.select_for_update(no_key=True, of=("self",)).get',
        "Account.objects.get",
        (f"{BOOKED}::test_one_of_two_writeoffs_that_are_too_much_is_booked",),
    ),
    Guard(
        "no more is written off than is owed",
        BOOKING,
        " and not _booked(draft, booking):\n        raise WriteOffTooHighError\n",
        " and not _booked(draft, booking):\n        pass\n",
        (f"{BOOKED}::test_a_writeoff_is_at_most_the_debt",),
    ),
    Guard(
        "a ride that has a charge gets no postings",
        "bikerental/billing/services/charging.py",
        "SELECT charge.* FROM entry JOIN charge USING (id)",
        "SELECT charge.* FROM charge",
        ("tests/billing/test_charging.py::test_a_ride_is_charged_once_also_in_another_batch",),
    ),
    Guard(
        "a ride in dispute is no debt",
        "bikerental/billing/selectors.py",
        "balance.amount - balance.disputed <= limit",
        "balance.amount <= limit",
        ("tests/claims/test_deciding.py::test_disputed_rides_do_not_count_as_debt",),
    ),
)
