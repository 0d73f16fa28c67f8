"""The reads of the claims app."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from bikerental.claims.constants import ClaimStatus
from bikerental.claims.exceptions import ClaimNotFoundError
from bikerental.claims.models import Claim
from bikerental.claims.types import ClaimedPlace, ClaimRow
from bikerental.core.db.keyset import PAGE_SIZE_MAX, Page, pages_after

NEWEST_FIRST = ("-created_at", "-id")
# In the order of the fields of ClaimRow.
_COLUMNS = (
    "id", "rental_id", "kind", "text", "status", "created_at", "decided_at", "answer", "adjusted_amount",
    "rental__currency",
)  # fmt: skip


def claims_page(*, rider_id: UUID, page: Page[ClaimRow]) -> Page[ClaimRow]:
    """The rider's claims, NEWEST_FIRST. One statement."""
    claims = Claim.objects.filter(rider=rider_id).values_list(*_COLUMNS)
    return page.filled(map(ClaimRow._make, page.select(claims)))


def claim_of_rider(*, claim_id: UUID, rider_id: UUID) -> ClaimRow:
    """One statement.

    :raises ClaimNotFoundError: if there is none, or it is another rider's
    """
    row = Claim.objects.filter(pk=claim_id, rider=rider_id).values_list(*_COLUMNS).first()
    if row is None:
        raise ClaimNotFoundError
    return ClaimRow._make(row)


def claims_for_export(*, rider_id: UUID) -> Iterator[list[tuple[ClaimRow, ClaimedPlace]]]:
    """Every claim of the rider with the claimed place, oldest first, in pages. One statement each."""
    claims = Claim.objects.filter(rider=rider_id).order_by("pk").values_list(*_COLUMNS, *ClaimedPlace._fields)

    def read(last: tuple[ClaimRow, ClaimedPlace] | None) -> list[tuple[ClaimRow, ClaimedPlace]]:
        rows = claims if last is None else claims.filter(pk__gt=last[0].id)
        width = len(_COLUMNS)
        return [(ClaimRow._make(row[:width]), ClaimedPlace._make(row[width:])) for row in rows[:PAGE_SIZE_MAX]]

    return pages_after(read)


def open_claims() -> QuerySet[Claim]:
    return Claim.objects.filter(status=ClaimStatus.OPEN)


def open_claims_count(*, now: datetime) -> dict[str, float]:
    """The number of open claims, and the age of the oldest in seconds. One statement."""
    row = open_claims().aggregate(count=Count("pk"), oldest=Min("created_at"))
    age = 0.0 if row["oldest"] is None else (now - row["oldest"]).total_seconds()
    return {"bikerental_claims_open": float(row["count"]), "bikerental_claims_oldest_age_seconds": max(0.0, age)}
