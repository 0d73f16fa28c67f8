"""The operators' log."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from bikerental.console.constants import PAGE_SIZE
from bikerental.console.models import Action

# The columns of the log by which it can be searched.
CONCERNED = ("operator_id", "bike_id", "rental_id", "rider_id")


class ActionPage(NamedTuple):
    actions: Sequence[Action]
    next_before: UUID | None  # the next page begins below this id


def actions_page(*, concerned: dict[str, UUID], before: UUID | None) -> ActionPage:
    """What operators did, the newest first. One statement."""
    actions = actions_of(concerned).order_by("-id")
    if before is not None:
        actions = actions.filter(id__lt=before)
    found = list(actions[: PAGE_SIZE + 1])
    return ActionPage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def actions_of(concerned: dict[str, UUID]) -> QuerySet[Action]:
    return Action.objects.filter(**concerned).select_related("operator")


def action_is_done(*, key: UUID) -> bool:
    """Whether the form with this key has acted. One statement."""
    return Action.objects.filter(key=key).exists()
