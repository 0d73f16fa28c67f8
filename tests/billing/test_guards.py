"""The database guards the ledger, also against raw SQL. The tests use real commits."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from bikerental.billing.models import Account, Entry
from bikerental.core.db.transactions import constraint_name
from tests.billing.ledger import charge, insert_entry, insert_posting, make_account, pay, rows, write
from tests.factories import make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rider(transactional_db: None) -> Account:
    return make_account()


def execute(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def refuse(guard: str, act: Callable[[], object]) -> None:
    before = rows()
    with pytest.raises(IntegrityError) as caught:
        act()
    assert constraint_name(caught.value) == guard
    assert rows() == before


def test_an_entry_of_each_kind_is_written(rider: Account) -> None:
    ride = charge(rider, "145.00")
    payment = pay(rider, "100.00")
    write("adjustment", [(rider, "-45.00"), (make_account("goodwill"), "45.00")], rental_id=ride)
    write("refund", [(rider, "40.00"), (make_account("cash"), "-40.00")])
    write("writeoff", [(rider, "-10.00"), (make_account("writeoff"), "10.00")])
    refund = Entry.objects.get(kind="refund")
    write("reversal", [(rider, "-40.00"), (make_account("cash"), "40.00")], reverses_id=refund.pk)
    write("reversal", [(rider, "100.00"), (make_account("cash"), "-100.00")], reverses_id=payment)

    assert rows() == (7, 14, Decimal("90.00"))


def test_postings_that_do_not_add_up_to_zero_are_refused(rider: Account) -> None:
    refuse(
        "entry_adds_up_to_zero",
        lambda: write("charge", [(rider, "145.00"), (make_account("revenue"), "-144.99")], rental_id=uuid4()),
    )


def test_each_currency_adds_up_to_zero_by_itself(rider: Account) -> None:
    euros = make_account("revenue", currency="EUR")

    refuse("entry_adds_up_to_zero", lambda: write("charge", [(rider, "145.00"), (euros, "-145.00")], rental_id=uuid4()))


@pytest.mark.parametrize("kind", ["charge", "payment"])
def test_an_entry_without_postings_is_refused(rider: Account, kind: str) -> None:
    refuse("entry_has_postings", lambda: write(kind, [], rental_id=uuid4()))


def test_a_reversal_without_postings_is_refused(rider: Account) -> None:
    payment = pay(rider, "10.00")

    refuse("entry_reversal_is_the_opposite", lambda: write("reversal", [], reverses_id=payment))


def test_a_second_charge_for_a_ride_is_refused(rider: Account) -> None:
    ride = charge(rider, "145.00")

    refuse("entry_one_charge_a_ride", lambda: charge(make_account(), "1.00", ride))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_account SET currency = 'EUR'",
        "UPDATE billing_entry SET reason = 'Another'",
        "UPDATE billing_entry SET created_at = created_at",
        "UPDATE billing_posting SET amount = amount + 1",
        "DELETE FROM billing_posting",
        "DELETE FROM billing_entry",
        "DELETE FROM billing_account",
        "TRUNCATE billing_posting",
        "TRUNCATE billing_entry CASCADE",
        "TRUNCATE billing_account CASCADE",
        "TRUNCATE users_user CASCADE",
    ],
)
def test_no_row_is_changed_or_removed(rider: Account, change: str) -> None:
    charge(rider, "145.00")

    refuse("ledger_append_only", lambda: execute(change))


def test_flush_empties_the_ledger_which_stays_guarded(rider: Account) -> None:
    charge(rider, "145.00")

    call_command("flush", interactive=False, verbosity=0)

    assert rows() == (0, 0, Decimal())
    rider = make_account()
    charge(rider, "145.00")
    refuse("ledger_append_only", lambda: execute("TRUNCATE billing_posting"))


def test_a_posting_joins_no_entry_of_an_earlier_transaction(rider: Account) -> None:
    entry_id = write("payment", [(rider, "-10.00"), (make_account("cash"), "10.00")])

    def add() -> None:
        with transaction.atomic():
            insert_posting(entry_id, make_account(), "5.00")
            insert_posting(entry_id, make_account("cash", currency="EUR"), "-5.00")

    refuse("entry_closed_by_its_transaction", add)


def test_an_entry_cannot_be_left_open_for_a_later_transaction(rider: Account) -> None:
    entry_id = write("payment", [(rider, "-10.00"), (make_account("cash"), "10.00")], transaction_id=2**62)

    assert Entry.objects.get(pk=entry_id).transaction_id < 2**62


def test_a_posting_that_comes_after_the_checks_is_checked(rider: Account) -> None:
    def add() -> None:
        with transaction.atomic():
            entry_id = insert_entry("payment")
            insert_posting(entry_id, rider, "-10.00")
            insert_posting(entry_id, make_account("cash"), "10.00")
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("SET CONSTRAINTS ALL DEFERRED")
            insert_posting(entry_id, make_account("goodwill"), "10.00")

    make_account("cash"), make_account("goodwill")
    refuse("entry_adds_up_to_zero", add)


def test_an_entry_within_a_savepoint_is_of_its_transaction(rider: Account) -> None:
    with transaction.atomic():
        with transaction.atomic():
            entry_id = insert_entry("payment")
        insert_posting(entry_id, rider, "-10.00")
        insert_posting(entry_id, make_account("cash"), "10.00")

    assert rows() == (1, 2, Decimal("-10.00"))


@pytest.mark.parametrize("kind", ["payment", "adjustment", "refund", "writeoff", "reversal"])
@pytest.mark.parametrize("missing", [{"actor_id": None}, {"reason": ""}, {"reason": " \t"}])
def test_a_booking_by_a_person_has_an_actor_and_a_reason(rider: Account, kind: str, missing: dict[str, Any]) -> None:
    columns = {"rental_id": charge(rider, "145.00")}
    if kind == "reversal":
        columns["reverses_id"] = pay(rider, "10.00")

    refuse("entry_of_a_person_has_actor_and_reason", lambda: write(kind, [], **columns | missing))


def test_no_more_is_adjusted_than_was_charged(rider: Account) -> None:
    ride, goodwill = charge(rider, "145.00"), make_account("goodwill")
    charge(rider, "500.00")
    write("adjustment", [(rider, "-100.00"), (goodwill, "100.00")], rental_id=ride)

    refuse(
        "entry_adjusts_no_more_than_charged",
        lambda: write("adjustment", [(rider, "-45.01"), (goodwill, "45.01")], rental_id=ride),
    )
    write("adjustment", [(rider, "-45.00"), (goodwill, "45.00")], rental_id=ride)


def test_a_reversed_adjustment_may_be_made_again(rider: Account) -> None:
    ride, goodwill = charge(rider, "145.00"), make_account("goodwill")
    first = write("adjustment", [(rider, "-145.00"), (goodwill, "145.00")], rental_id=ride)
    undone = write("reversal", [(rider, "145.00"), (goodwill, "-145.00")], rental_id=ride, reverses_id=first)
    write("adjustment", [(rider, "-145.00"), (goodwill, "145.00")], rental_id=ride)

    refuse(
        "entry_adjusts_no_more_than_charged",
        lambda: write("reversal", [(rider, "-145.00"), (goodwill, "145.00")], rental_id=ride, reverses_id=undone),
    )


def test_a_charge_with_adjustments_is_not_reversed(rider: Account) -> None:
    ride, goodwill, revenue = charge(rider, "145.00"), make_account("goodwill"), make_account("revenue")
    charged = Entry.objects.get(rental_id=ride)
    write("adjustment", [(rider, "-0.01"), (goodwill, "0.01")], rental_id=ride)

    refuse(
        "entry_adjusts_no_more_than_charged",
        lambda: write("reversal", [(rider, "-145.00"), (revenue, "145.00")], rental_id=ride, reverses_id=charged.pk),
    )


def test_a_ride_is_adjusted_on_the_account_it_was_charged_to(rider: Account) -> None:
    ride, goodwill, other = charge(rider, "145.00"), make_account("goodwill"), make_account()

    refuse(
        "entry_of_the_rides_account",
        lambda: write("adjustment", [(other, "-1.00"), (goodwill, "1.00")], rental_id=ride),
    )


def test_no_more_is_refunded_than_was_paid(rider: Account) -> None:
    cash = make_account("cash")
    pay(make_account(), "1000.00")
    pay(rider, "100.00")
    write("refund", [(rider, "60.00"), (cash, "-60.00")])

    refuse("entry_refunds_no_more_than_paid", lambda: write("refund", [(rider, "40.01"), (cash, "-40.01")]))
    write("refund", [(rider, "40.00"), (cash, "-40.00")])


def test_a_payment_that_was_refunded_is_not_reversed(rider: Account) -> None:
    cash, payment = make_account("cash"), pay(rider, "100.00")
    write("refund", [(rider, "60.00"), (cash, "-60.00")])

    refuse(
        "entry_refunds_no_more_than_paid",
        lambda: write("reversal", [(rider, "100.00"), (cash, "-100.00")], reverses_id=payment),
    )


def test_an_entry_is_reversed_once(rider: Account) -> None:
    cash, payment = make_account("cash"), pay(rider, "100.00")
    write("reversal", [(rider, "100.00"), (cash, "-100.00")], reverses_id=payment)

    refuse(
        "entry_reversed_once", lambda: write("reversal", [(rider, "100.00"), (cash, "-100.00")], reverses_id=payment)
    )


def test_reversals_of_themselves_reverse_nothing(rider: Account) -> None:
    """They would have no postings, as what they reverse."""
    one, other = uuid4(), uuid4()

    def write_both() -> None:
        with transaction.atomic():
            insert_entry("reversal", id=one, reverses_id=other)
            insert_entry("reversal", id=other, reverses_id=one)

    refuse("entry_reverses_an_earlier_one", lambda: write("reversal", [], id=one, reverses_id=one))
    refuse("entry_reverses_an_earlier_one", write_both)


def test_a_reversal_is_the_opposite(rider: Account) -> None:
    cash, payment = make_account("cash"), pay(rider, "100.00")
    wrong: list[tuple[list[tuple[Account, str]], dict[str, Any]]] = [
        ([(rider, "99.00"), (cash, "-99.00")], {}),
        ([(rider, "-100.00"), (cash, "100.00")], {}),
        ([(make_account(), "100.00"), (cash, "-100.00")], {}),
        ([(rider, "100.00"), (cash, "-100.00")], {"rental_id": uuid4()}),
        ([(rider, "100.00"), (cash, "-100.00")], {"claim_id": uuid4()}),
    ]

    for postings, columns in wrong:
        refuse(
            "entry_reversal_is_the_opposite",
            lambda postings=postings, columns=columns: write("reversal", postings, reverses_id=payment, **columns),
        )


@pytest.mark.parametrize(
    ("kind", "counterpart", "amount"),
    [
        ("charge", "revenue", "-145.00"),
        ("charge", "goodwill", "145.00"),
        ("payment", "cash", "10.00"),
        ("payment", "goodwill", "-10.00"),
        ("adjustment", "goodwill", "10.00"),
        ("adjustment", "writeoff", "-10.00"),
        ("refund", "cash", "-10.00"),
        ("refund", "revenue", "10.00"),
        ("writeoff", "writeoff", "10.00"),
        ("writeoff", "goodwill", "-10.00"),
    ],
)
def test_an_entry_posts_as_its_kind(rider: Account, kind: str, counterpart: str, amount: str) -> None:
    ride = charge(rider, "145.00")
    other = make_account(counterpart)
    opposite = str(-Decimal(amount))
    rental_id = uuid4() if kind == "charge" else ride

    refuse("entry_posts_as_its_kind", lambda: write(kind, [(rider, amount), (other, opposite)], rental_id=rental_id))


def test_an_entry_concerns_one_rider(rider: Account) -> None:
    cash, other = make_account("cash"), make_account()

    refuse("entry_posts_as_its_kind", lambda: write("payment", [(rider, "-10.00"), (other, "-10.00"), (cash, "20.00")]))
    revenue = make_account("revenue")
    refuse("entry_posts_as_its_kind", lambda: write("payment", [(cash, "10.00"), (revenue, "-10.00")]))


def test_a_bounded_entry_needs_read_committed(rider: Account) -> None:
    ride, goodwill = charge(rider, "145.00"), make_account("goodwill")

    def adjust() -> None:
        with transaction.atomic():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            entry_id = insert_entry("adjustment", rental_id=ride)
            insert_posting(entry_id, rider, "-1.00")
            insert_posting(entry_id, goodwill, "1.00")

    refuse("entry_written_read_committed", adjust)


@pytest.mark.parametrize("kind", ["adjustment", "refund"])
def test_one_of_two_entries_that_are_too_much_is_written(rider: Account, kind: str) -> None:
    ride, counterpart = charge(rider, "100.00"), make_account("goodwill" if kind == "adjustment" else "cash")
    pay(rider, "100.00")
    sign, opposite = ("-", "") if kind == "adjustment" else ("", "-")
    actor = make_user(is_staff=True).pk
    are_written = threading.Barrier(2)

    def book(_number: int) -> str | None:
        try:
            with transaction.atomic():
                entry_id = insert_entry(kind, rental_id=ride, actor_id=actor)
                insert_posting(entry_id, rider, f"{sign}60.00")
                insert_posting(entry_id, counterpart, f"{opposite}60.00")
                are_written.wait(10)  # both are written before the first commit
        except IntegrityError as error:
            return constraint_name(error)
        return "written"

    outcomes = at_once(book, times=2)

    guard = {"adjustment": "entry_adjusts_no_more_than_charged", "refund": "entry_refunds_no_more_than_paid"}[kind]
    assert set(outcomes) == {guard, "written"}


def test_constraints_of_rows(rider: Account) -> None:
    person = make_user()
    cases: list[tuple[str, Callable[[], object]]] = [
        ("account_kind_known", lambda: Account.objects.create(kind="bank", currency="RUB")),
        ("account_currency_three_letters", lambda: make_account(currency="rub")),
        ("account_currency_three_letters", lambda: make_account(currency="RU")),
        ("account_rider_of_riders_alone", lambda: Account.objects.create(kind="cash", rider=person, currency="RUB")),
        ("account_one_a_rider_and_currency", lambda: make_account(rider=rider.rider)),
        ("entry_kind_known", lambda: insert_entry("gift")),
        ("entry_of_a_ride", lambda: insert_entry("charge")),
        ("entry_of_a_ride", lambda: insert_entry("adjustment")),
        ("entry_reversal_reverses", lambda: insert_entry("reversal")),
        ("entry_reversal_reverses", lambda: insert_entry("payment", reverses_id=pay(rider, "1.00"))),
    ]
    for guard, act in cases:
        with pytest.raises(IntegrityError, match=guard):
            act()


def test_a_kind_of_account_exists_once_in_a_currency(transactional_db: None) -> None:
    for kind in ("rider", "cash"):
        Account.objects.create(kind=kind, currency="RUB")
        Account.objects.create(kind=kind, currency="EUR")
        with pytest.raises(IntegrityError, match="account_one_a_"):
            Account.objects.create(kind=kind, currency="RUB")


def test_a_posting_is_not_zero_and_one_an_account(rider: Account) -> None:
    refuse("posting_not_zero", lambda: write("payment", [(rider, "0.00")]))
    refuse("posting_one_an_entry_and_account", lambda: write("payment", [(rider, "-1.00"), (rider, "-1.00")]))


def test_a_key_books_once(rider: Account) -> None:
    cash = make_account("cash")
    write("payment", [(rider, "-1.00"), (cash, "1.00")], key="form:1")

    refuse("entry_key_unique", lambda: write("payment", [(rider, "-1.00"), (cash, "1.00")], key="form:1"))
