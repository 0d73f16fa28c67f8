"""What operators do in the console: through the services of the other apps, and written into the log."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission

from bikerental.console.constants import ROLES
from bikerental.console.exceptions import (
    OwnRolesError,
    RoleBeyondRightsError,
    RolesChangedError,
    RolesUnchangedError,
    SuperuserRolesError,
)
from bikerental.console.locks import action_key_lock
from bikerental.console.models import Action
from bikerental.console.selectors.operators import roles_of
from bikerental.console.types import Act
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.identifiers import uuid7
from bikerental.users.locks import users_lock
from bikerental.users.models import User


@unit_of_work
def action_do(*, act: Act, do: Callable[[], Mapping[str, Any] | None]) -> bool:
    """Do it and write it into the log, in one transaction. False, with nothing done, if the form was sent before.

    Locks the form's key before anything else, so of two clicks the second waits and finds it done. A refusal of
    `do` leaves no row.

    :param do: calls a service; returns further columns of the row, such as the id of a station that it made, or
        other `details`
    """
    action_key_lock(key=act.key)
    if Action.objects.filter(key=act.key).exists():
        return False
    found = dict(do() or {})
    details = found.pop("details", act.details)
    _row(replace(act, details=details, concerns={**act.concerns, **found})).save(force_insert=True)
    return True


@unit_of_work
def acts_note(*, acts: Sequence[Act]) -> None:
    """Write what was done elsewhere into the log. The caller's transaction has done it."""
    Action.objects.bulk_create([_row(act) for act in acts], batch_size=1_000)


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


@unit_of_work
def roles_set(*, user_id: UUID, roles: Collection[str], seen: Collection[str], operator_id: UUID) -> None:
    """Give an operator these roles and take the others; groups that are no roles stay. Locks both users.

    Locked, the right of the one who gives is read anew: of two managers who take the role from each other, one stays.

    :param seen: the roles that the form showed
    :raises OwnRolesError, SuperuserRolesError, RoleBeyondRightsError: if the operator may not
    :raises RolesChangedError: if another has changed them since
    :raises RolesUnchangedError: if they are as wanted already
    """
    locked = {user.pk: user for user in users_lock(user_ids=[user_id, operator_id])}
    of, operator = locked[user_id], locked[operator_id]
    now = roles_of(of)
    roles_require_right(operator=operator, of=of, roles=set(now) ^ set(roles))
    if set(now) != set(seen):
        raise RolesChangedError
    if set(now) == set(roles):
        raise RolesUnchangedError
    kept = of.groups.exclude(name__in=ROLES)
    of.groups.set([*kept, *Group.objects.filter(name__in=roles)])


def roles_require_right(*, operator: User, of: User, roles: Collection[str]) -> None:
    """Refuse what would lift an operator above the rights of the one who gives.

    :param roles: that are given or taken
    """
    if not operator.has_perm("console.assign_roles"):
        raise RoleBeyondRightsError
    if operator.pk == of.pk:
        raise OwnRolesError
    if of.is_superuser:
        raise SuperuserRolesError
    permissions = Permission.objects.filter(group__name__in=roles).values_list("content_type__app_label", "codename")
    if not operator.has_perms([f"{app}.{codename}" for app, codename in permissions.distinct()]):
        raise RoleBeyondRightsError
