"""Writes to the ledger with raw SQL, as code without any of the checks would."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from bikerental.billing.models import Account, Entry, Posting
from bikerental.users.models import User
from tests.factories import NOON, make_user


def make_account(kind: str = "rider", rider: User | None = None, currency: str = "RUB") -> Account:
    if kind == "rider":
        return Account.objects.create(kind=kind, rider=rider or make_user(), currency=currency)
    return Account.objects.get_or_create(kind=kind, currency=currency)[0]


def insert_entry(kind: str, **columns: Any) -> UUID:
    entry_id = uuid4()
    person = {} if kind == "charge" else {"actor_id": make_user(is_staff=True).pk, "reason": "At the desk"}
    values = {"id": entry_id, "created_at": NOON, "kind": kind, "key": str(entry_id), "reason": ""} | person | columns
    with connection.cursor() as cursor:
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        cursor.execute(f"INSERT INTO billing_entry ({names}) VALUES ({marks})", list(values.values()))
    return entry_id


def insert_posting(entry_id: UUID, account: Account, amount: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_posting (entry_id, account_id, amount) VALUES (%s, %s, %s)",
            [entry_id, account.pk, amount],
        )


def write(kind: str, postings: Iterable[tuple[Account, str]], **columns: Any) -> UUID:
    """Write a whole entry in a transaction of its own."""
    with transaction.atomic():
        entry_id = insert_entry(kind, **columns)
        for account, amount in postings:
            insert_posting(entry_id, account, amount)
    return entry_id


def charge(rider: Account, amount: str, rental_id: UUID | None = None) -> UUID:
    """Charge a ride. Returns the ride's id."""
    rental_id = rental_id or uuid4()
    write("charge", [(rider, amount), (make_account("revenue"), f"-{amount}")], rental_id=rental_id)
    return rental_id


def pay(rider: Account, amount: str) -> UUID:
    return write("payment", [(rider, f"-{amount}"), (make_account("cash"), amount)])


def rows() -> tuple[int, int, Decimal]:
    """The number of entries, the number of postings, and the sum of riders' accounts."""
    owed = sum((posting.amount for posting in Posting.objects.filter(account__kind="rider")), Decimal())
    return Entry.objects.count(), Posting.objects.count(), owed


@contextmanager
def unguarded() -> Iterator[None]:
    """Switch the triggers off, within the transaction of a test."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for action in ("DISABLE", "ENABLE"):
            for table in ("account", "entry", "posting"):
                cursor.execute(f"ALTER TABLE billing_{table} {action} TRIGGER USER")
            if action == "DISABLE":
                yield
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
