"""What the ledger's own rows owe each other. Each count is zero as long as the guards of the database hold.

Given the time since which entries count, or none for all of them. One statement each.
"""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum

from bikerental.billing.constants import EntryKind
from bikerental.billing.models import Account, Entry, Posting
from bikerental.core.identifiers import first_uuid7


def _postings(since: datetime | None) -> QuerySet[Posting]:
    postings = Posting.objects.order_by()
    return postings if since is None else postings.filter(entry__gte=first_uuid7(since))


def _entries(since: datetime | None) -> QuerySet[Entry]:
    entries = Entry.objects.order_by()
    return entries if since is None else entries.filter(pk__gte=first_uuid7(since))


def trial_balance(since: datetime | None) -> QuerySet[Any, Any]:
    """Currencies whose postings do not add up to zero."""
    sums: QuerySet[Any, Any] = _postings(since).values("account__currency").annotate(total=Sum("amount"))
    return sums.exclude(total=0).values_list("account__currency")


def entries_unbalanced(since: datetime | None) -> QuerySet[Any, Any]:
    """Entries that do not add up to zero in a currency, or have no postings."""
    sums: QuerySet[Any, Any] = _postings(since).values("entry", "account__currency").annotate(total=Sum("amount"))
    bare = _entries(since).filter(postings=None)
    return sums.exclude(total=0).values_list("entry").union(bare.values_list("pk"))


def accounts_wrong(since: datetime | None) -> QuerySet[Any, Any]:
    """Accounts whose sum is not the opposite of what the other accounts got from the same entries."""
    sums: QuerySet[Any, Any] = (
        Account.objects.order_by()
        .filter(postings__in=_postings(since))
        .values("pk")
        .annotate(total=Sum("postings__entry__postings__amount"))
    )
    return sums.exclude(total=0).values_list("pk")


def charges_doubled(since: datetime | None) -> QuerySet[Any, Any]:
    """Rides with more than one charge."""
    charges = _entries(since).filter(kind=EntryKind.CHARGE)
    doubled: QuerySet[Any, Any] = charges.values("rental_id").annotate(charges=Count("pk")).filter(charges__gt=1)
    return doubled.values_list("rental_id")
