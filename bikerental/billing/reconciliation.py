"""Checks of the ledger's own rows. They find nothing while the database's triggers hold.

Entries are read in batches, along their ids, because one statement over a large ledger would exceed its timeout.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Sum

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Entry, Posting
from bikerental.core.db.keyset import rows_in_parts
from bikerental.core.identifiers import first_uuid7

BATCH = 20_000


class RideCharge(NamedTuple):
    rental_id: UUID
    amount: Decimal
    currency: str
    rider_id: UUID | None


class SumsWrong(NamedTuple):
    """What is wrong with the ledger's sums.

    `entries`: they do not add up to zero in a currency, or have no postings. `accounts`: they have postings of such
    entries. `currencies`: their postings do not add up to zero.
    """

    entries: list[UUID]
    accounts: list[UUID]
    currencies: list[str]


def charges_of(*, rental_ids: Collection[UUID]) -> dict[UUID, RideCharge]:
    """The charges of the rides, including reversed ones. One statement."""
    charges = Posting.objects.filter(
        entry__kind=EntryKind.CHARGE, entry__rental_id__in=rental_ids, account__kind=AccountKind.RIDER
    )
    rows = charges.values_list("entry__rental_id", "amount", "account__currency", "account__rider")
    return {charge.rental_id: charge for charge in map(RideCharge._make, rows)}


def charges_doubled(since: datetime | None) -> Iterator[QuerySet[Any, Any]]:
    """Rides that were charged again since then, or ever. In parts."""
    charges = _charges(since)
    earlier = Entry.objects.filter(kind=EntryKind.CHARGE, rental_id=OuterRef("rental_id"), pk__lt=OuterRef("pk"))
    return rows_in_parts(charges.filter(Exists(earlier)).values_list("rental_id").distinct(), along=charges)


def charges_without(rides: QuerySet[Any, Any], since: datetime | None) -> Iterator[QuerySet[Any, Any]]:
    """Rides of charges since then, or of all, that are not among these and whose charge was not reversed. In parts.

    :param rides: a subquery of the ride whose id is `OuterRef("rental_id")`
    """
    charges = _charges(since)
    return rows_in_parts(charges.filter(~Exists(rides), reversals=None).values_list("rental_id"), along=charges)


def _charges(since: datetime | None) -> QuerySet[Entry]:
    charges = Entry.objects.order_by().filter(kind=EntryKind.CHARGE)
    return charges if since is None else charges.filter(pk__gte=first_uuid7(since))


def sums_wrong(since: datetime | None, *, progress: Callable[[int], None] = lambda entries: None) -> SumsWrong:
    """What is wrong with the sums of the entries since then, or of all. Four statements a batch, or five.

    :param progress: called with the number of entries so far
    """
    entries: list[UUID] = []
    accounts: set[UUID] = set()
    done = 0
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for batch in _batches(since):
        done += len(batch)
        progress(done)
        first, last = batch[0], batch[-1]
        postings = Posting.objects.order_by().filter(entry__gte=first, entry__lte=last)
        sums: QuerySet[Any, Any] = postings.values("entry", "account__currency").annotate(total=Sum("amount"))
        without_postings = Entry.objects.filter(pk__gte=first, pk__lte=last, postings=None)
        wrong = [
            *sums.exclude(total=0).values_list("entry", flat=True),
            *without_postings.values_list("pk", flat=True),
        ]
        entries += wrong
        accounts |= set(postings.filter(entry__in=wrong).values_list("account", flat=True).distinct())
        for currency, total in postings.values_list("account__currency").annotate(total=Sum("amount")):
            totals[currency] += total
    return SumsWrong(entries, list(accounts), [currency for currency, total in totals.items() if total])


def _batches(since: datetime | None) -> Iterator[list[UUID]]:
    ids = Entry.objects.order_by("pk").values_list("pk", flat=True)
    batch = list((ids if since is None else ids.filter(pk__gte=first_uuid7(since)))[:BATCH])
    while batch:
        yield batch
        batch = list(ids.filter(pk__gt=batch[-1])[:BATCH])
