"""Riders: the search, and all that the page of one rider shows."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from bikerental.billing.constants import AccountKind
from bikerental.billing.models import Account, Entry
from bikerental.billing.selectors import adjustment_of, balances_of_rider
from bikerental.billing.types import Balance
from bikerental.claims.models import Claim
from bikerental.console.constants import FOUND_LENGTH
from bikerental.console.models import Action
from bikerental.core.identifiers import uuid_or_none
from bikerental.fleet.models import Bike
from bikerental.fleet.numbers import is_number_key, number_key_typed
from bikerental.fleet.selectors import with_number_key
from bikerental.notifications.models import Notification
from bikerental.rentals.models import Rental
from bikerental.users.models import User
from bikerental.users.selectors import users_search


class SearchResult(NamedTuple):
    riders: Sequence[User]
    rides: Sequence[Rental]
    bike: Bike | None


def riders_search(*, words: str) -> SearchResult:
    """Search by the id of a ride, rider or claim, by a bike's number, or by an e-mail or a name, whole or a part.

    At most four statements. A part is looked for in every account, because no index has parts.
    """
    searched = uuid_or_none(words)
    if searched is not None:
        rides = _rides().filter(Q(pk=searched) | Q(claims=searched)).distinct()
        return SearchResult(list(User.objects.filter(pk=searched)), list(rides[:FOUND_LENGTH]), None)
    bike = _bike(words)
    rides = _rides().filter(bike=bike) if bike else _rides().none()
    return SearchResult(users_search(words=words), list(rides[:FOUND_LENGTH]), bike)


def _bike(words: str) -> Bike | None:
    key = number_key_typed(words)
    return Bike.objects.filter(with_number_key(key)).first() if is_number_key(key) else None


def _rides() -> QuerySet[Rental]:
    """The newest first, with bike, rider and adjustment."""
    rides: QuerySet[Rental] = Rental.objects.select_related("bike", "rider").annotate(adjustment=adjustment_of("pk"))
    return rides.order_by("-started_at", "-id")


class RiderPage(NamedTuple):
    """All about a rider; the newest rows of each kind first."""

    rides: Sequence[Rental]
    claims: Sequence[Claim]
    balances: Sequence[Balance]
    accounts: Sequence[Account]
    entries: Sequence[Any]
    messages: Sequence[Notification]
    actions: Sequence[Action]


def rider_page(*, rider_id: UUID) -> RiderPage:
    """Seven statements."""
    return RiderPage(
        rides=list(_rides().filter(rider=rider_id)[:FOUND_LENGTH]),
        claims=list(claims_of(rider_id=rider_id)),
        balances=balances_of_rider(rider_id=rider_id),
        accounts=list(Account.objects.filter(kind=AccountKind.RIDER, rider=rider_id)),
        entries=list(_entries(rider_id)[:FOUND_LENGTH]),
        messages=list(Notification.objects.filter(recipient=rider_id).order_by("-created_at")[:FOUND_LENGTH]),
        actions=list(
            Action.objects.filter(rider_id=rider_id).select_related("operator").order_by("-id")[:FOUND_LENGTH]
        ),
    )


def claims_of(*, rider_id: UUID) -> QuerySet[Claim]:
    claims = Claim.objects.filter(rider=rider_id).select_related("rental__bike", "decided_by")
    return claims.order_by("-created_at", "-id")[:FOUND_LENGTH]


def _entries(rider_id: UUID) -> Any:
    of_rider = Entry.objects.filter(postings__account__kind=AccountKind.RIDER, postings__account__rider=rider_id)
    columns = ("id", "kind", "created_at", "reason", "rental_id", "postings__amount", "postings__account__currency")
    return of_rider.order_by("-id").values(*columns, "actor__name")
