"""What operators do in the console: through the services of the other apps, and written into the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from bikerental.console.locks import action_key_lock
from bikerental.console.models import Action
from bikerental.console.types import Act
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.identifiers import uuid7


@unit_of_work
def action_do(*, act: Act, do: Callable[[], Mapping[str, Any] | None]) -> bool:
    """Do it and write it into the log, in one transaction. False, with nothing done, if the form was sent before.

    Locks the form's key before anything else, so of two clicks the second waits and finds it done. A refusal of
    `do` leaves no row.

    :param do: calls a service; returns further columns of the row, such as the id of a station that it made
    """
    action_key_lock(key=act.key)
    if Action.objects.filter(key=act.key).exists():
        return False
    found = do() or {}
    _row(replace(act, concerns={**act.concerns, **found})).save(force_insert=True)
    return True


@unit_of_work
def acts_note(*, acts: Sequence[Act]) -> None:
    """Write what was done elsewhere into the log. The caller's transaction has done it."""
    Action.objects.bulk_create([_row(act) for act in acts])


def _row(act: Act) -> Action:
    return Action(
        id=uuid7(act.now),
        created_at=act.now,
        operator_id=act.operator_id,
        kind=act.kind,
        key=act.key,
        reason=act.reason,
        details=dict(act.details),
        **act.concerns,
    )


@unit_of_work
def reasons_erase(*, rider_id: UUID) -> None:
    """Empty the reasons that operators gave for what they did to the rider. The caller has locked the user."""
    Action.objects.filter(rider_id=rider_id).exclude(reason="").update(reason="")
