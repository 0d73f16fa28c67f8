"""The operators' log."""

from uuid import UUID

from django.db.models import QuerySet

from bikerental.console.models import Action
from bikerental.core.db.keyset import Cursor, Order, Page

# The columns of the log by which it can be searched.
CONCERNED = ("operator_id", "bike_id", "rental_id", "rider_id")
NEWEST_FIRST: Order = ("-id",)


def actions_page(*, concerned: dict[str, UUID], cursor: Cursor | None) -> Page[Action]:
    """What operators did, NEWEST_FIRST. One statement."""
    page: Page[Action] = Page(NEWEST_FIRST, cursor=cursor)
    return page.filled(page.select(actions_of(concerned)))


def actions_of(concerned: dict[str, UUID]) -> QuerySet[Action]:
    return Action.objects.filter(**concerned).select_related("operator")


def action_is_done(*, key: UUID) -> bool:
    """Whether the form with this key has acted. One statement."""
    return Action.objects.filter(key=key).exists()
