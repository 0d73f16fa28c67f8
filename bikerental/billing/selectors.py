"""The reads of the billing app. Balances are sums over postings and are not stored."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import DecimalField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Account, Entry, Posting
from bikerental.billing.types import Balance, Posted, RiderEntry
from bikerental.core.db.keyset import PAGE_SIZE_MAX, Page, pages_after
from bikerental.core.db.statements import Compiled, Samples, Statement, select
from bikerental.core.identifiers import first_uuid7
from bikerental.core.registry import declared

_ZERO = Decimal("0.00")
NEWEST_FIRST = ("-id",)


def _balances(v: Samples) -> Compiled:
    """Apps above declare the rides in dispute: `disputes.disputed_rides`, called with a rider's id."""
    postings = Posting.objects.filter(account=OuterRef("pk"))
    disputed: Combinable = Value(_ZERO, DecimalField())
    for disputed_rides in declared("disputes", "disputed_rides"):
        disputed = disputed + _sum_of(postings.filter(entry__rental_id__in=disputed_rides(v["rider_id"])))
    accounts = Account.objects.filter(kind=AccountKind.RIDER, rider=v["rider_id"]).order_by("currency")
    return select(accounts.values_list("currency", _sum_of(postings), disputed))


def _sum_of(postings: QuerySet[Posting]) -> Coalesce:
    # Without an order, and grouped by account.
    sums = postings.order_by().values("account").annotate(amount=Sum("amount")).values("amount")
    return Coalesce(Subquery(sums), Value(_ZERO, DecimalField()))


_BALANCES = Statement(_balances, rider_id=UUID)


def balances_of_rider(*, rider_id: UUID) -> list[Balance]:
    """The rider's debt in each currency with any booking. One statement."""
    return list(map(Balance._make, _BALANCES.all(rider_id=rider_id)))


def may_rent(balances: Sequence[Balance]) -> bool:
    """Whether the rider owes at most DEBT_LIMIT in every currency, without rides in dispute."""
    limit = settings.DEBT_LIMIT
    return limit is None or all(balance.amount - balance.disputed <= limit for balance in balances)


def balance_of_account(*, account_id: UUID) -> Decimal:
    """One statement."""
    amount: Decimal | None = Posting.objects.filter(account=account_id).aggregate(amount=Sum("amount"))["amount"]
    return amount or _ZERO


def cost_of_ride(*, rental_id: UUID) -> Decimal:
    """The charge of the ride minus its adjustments. One statement."""
    priced = (AccountKind.REVENUE, AccountKind.GOODWILL)
    postings = Posting.objects.filter(entry__rental_id=rental_id, account__kind__in=priced)
    amount: Decimal | None = postings.aggregate(amount=Sum("amount"))["amount"]
    return -amount if amount else _ZERO


def adjustment_of(rental_id: str) -> Subquery:
    """An expression for a query of rides: the sum of a ride's adjustments, which is negative; NULL if there are none.

    :param rental_id: the expression of the ride's id in the query
    """
    postings = Posting.objects.filter(
        entry__rental_id=OuterRef(rental_id),
        entry__kind__in=(EntryKind.ADJUSTMENT, EntryKind.REVERSAL),
        account__kind=AccountKind.RIDER,
    )
    sums = postings.order_by().values("entry__rental_id").annotate(amount=Sum("amount")).values("amount")
    return Subquery(sums.filter(~Q(amount=_ZERO)))


def entry_of_key(*, key: str) -> Entry | None:
    """The entry that was booked with the key, or None. One statement."""
    return Entry.objects.filter(key=key).first()


def account_charged(*, rental_id: UUID) -> UUID | None:
    """The account to which the ride was charged, or None. One statement."""
    charges = Posting.objects.filter(
        entry__rental_id=rental_id, entry__kind=EntryKind.CHARGE, account__kind=AccountKind.RIDER
    )
    return charges.values_list("account_id", flat=True).first()


def posting_of_rider(*, entry_id: UUID) -> Posting | None:
    """The entry's posting on the rider's account, with the entry. One statement."""
    return Posting.objects.select_related("entry").filter(entry=entry_id, account__kind=AccountKind.RIDER).first()


# In the order of RiderEntry's fields.
_ENTRY_COLUMNS = (
    "id", "kind", "postings__amount", "postings__account__currency", "rental_id", "reason", "created_at",
)  # fmt: skip


def _entries_of_rider(rider_id: UUID) -> QuerySet[Entry]:
    return Entry.objects.filter(postings__account__kind=AccountKind.RIDER, postings__account__rider=rider_id)


def entries_page(*, rider_id: UUID, page: Page[RiderEntry]) -> Page[RiderEntry]:
    """The entries on the rider's accounts, NEWEST_FIRST. One statement."""
    entries = _entries_of_rider(rider_id).values_list(*_ENTRY_COLUMNS)
    return page.filled(map(RiderEntry._make, page.select(entries)))


def entries_for_export(*, rider_id: UUID) -> Iterator[list[RiderEntry]]:
    """The entries on the rider's accounts, oldest first, in pages. One statement each."""
    entries = _entries_of_rider(rider_id).order_by("id").values_list(*_ENTRY_COLUMNS)

    def read(last: RiderEntry | None) -> list[RiderEntry]:
        rows = entries if last is None else entries.filter(pk__gt=last.id)
        return list(map(RiderEntry._make, rows[:PAGE_SIZE_MAX]))

    return pages_after(read)


# An entry's id grows with its time, so a range of times is a range of ids. A reversal counts as the kind of entry that
# it reverses, even if that is a reversal too.
_POSTED = """
    WITH RECURSIVE chain AS (
        SELECT id AS posted_id, kind, reverses_id FROM billing_entry
         WHERE id >= %(first_id)s AND id < %(end_id)s AND created_at >= %(begin)s AND created_at < %(end)s
         UNION ALL
        SELECT chain.posted_id, reversed.kind, reversed.reverses_id
          FROM chain JOIN billing_entry AS reversed ON reversed.id = chain.reverses_id
    )
    SELECT account.currency,
           coalesce(sum(posting.amount) FILTER (WHERE chain.kind = 'charge'), 0),
           coalesce(-sum(posting.amount) FILTER (WHERE chain.kind = 'adjustment'), 0),
           coalesce(sum(posting.amount) FILTER (WHERE chain.kind = 'refund'), 0)
      FROM chain
      JOIN billing_posting AS posting ON posting.entry_id = chain.posted_id
      JOIN billing_account AS account ON account.id = posting.account_id AND account.kind = 'rider'
     WHERE chain.reverses_id IS NULL
     GROUP BY account.currency ORDER BY account.currency
"""


def money_posted(*, begin: datetime, end: datetime) -> list[Posted]:
    """What was posted from `begin` on and before `end`, by currency. One statement."""
    values: dict[str, Any] = {"begin": begin, "end": end, "first_id": first_uuid7(begin), "end_id": first_uuid7(end)}
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, values)
        return list(map(Posted._make, cursor.fetchall()))
