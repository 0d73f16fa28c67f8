"""What the billing app reads. Balances are sums over postings; none is stored."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Sum

from bikerental.billing.constants import AccountKind, EntryKind
from bikerental.billing.models import Posting
from bikerental.billing.types import Balance

_ZERO = Decimal("0.00")


def balances_of_rider(*, rider_id: UUID) -> list[Balance]:
    """What the rider owes in each currency in which there was a charge or a payment. One statement."""
    sums = Posting.objects.filter(account__kind=AccountKind.RIDER, account__rider=rider_id)
    rows = sums.values_list("account__currency").annotate(amount=Sum("amount")).order_by("account__currency")
    return list(map(Balance._make, rows))


def balance_of_account(*, account_id: UUID) -> Decimal:
    """One statement."""
    amount: Decimal | None = Posting.objects.filter(account=account_id).aggregate(amount=Sum("amount"))["amount"]
    return amount or _ZERO


def cost_of_ride(*, rental_id: UUID) -> Decimal:
    """What was charged for the ride, adjustments subtracted. One statement."""
    priced = (AccountKind.REVENUE, AccountKind.GOODWILL)
    postings = Posting.objects.filter(entry__rental_id=rental_id, account__kind__in=priced)
    amount: Decimal | None = postings.aggregate(amount=Sum("amount"))["amount"]
    return -amount if amount else _ZERO


def account_charged(*, rental_id: UUID) -> UUID | None:
    """The rider's account that the ride was charged to. One statement."""
    charges = Posting.objects.filter(
        entry__rental_id=rental_id, entry__kind=EntryKind.CHARGE, account__kind=AccountKind.RIDER
    )
    return charges.values_list("account_id", flat=True).first()


def posting_of_rider(*, entry_id: UUID) -> Posting | None:
    """What the entry posts to the rider's account, with the entry. One statement."""
    return Posting.objects.select_related("entry").filter(entry=entry_id, account__kind=AccountKind.RIDER).first()


def entries_of_rider(*, rider_id: UUID) -> QuerySet[Posting, Any]:
    """The entries on the rider's accounts as the rider sees them, to be ordered and cut."""
    return Posting.objects.filter(account__kind=AccountKind.RIDER, account__rider=rider_id).values(
        "amount",
        id=F("entry_id"),
        kind=F("entry__kind"),
        currency=F("account__currency"),
        rental=F("entry__rental_id"),
        reason=F("entry__reason"),
        created_at=F("entry__created_at"),
    )
