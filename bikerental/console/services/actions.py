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
from bikerental.console.types import NewAction
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.identifiers import uuid7
from bikerental.users.locks import users_lock
from bikerental.users.models import User


@unit_of_work
def action_perform(*, action: NewAction, perform: Callable[[], Mapping[str, Any] | None]) -> bool:
    """Perform the action and log it, in one transaction. False, with nothing done, if the form was sent before.

    Locks the form's key before anything else, so of two clicks the second waits and finds it done. A refusal of
    `perform` leaves no row.

    :param perform: calls a service; returns further columns of the row, such as the id of a station that it made, or
        other `details`
    """
    action_key_lock(key=action.key)
    if Action.objects.filter(key=action.key).exists():
        return False
    further = dict(perform() or {})
    details = further.pop("details", action.details)
    _row(replace(action, details=details, concerns={**action.concerns, **further})).save(force_insert=True)
    return True


@unit_of_work
def actions_log(*, actions: Sequence[NewAction]) -> None:
    """Log actions that the caller has performed in this transaction."""
    Action.objects.bulk_create([_row(action) for action in actions], batch_size=1_000)


def _row(action: NewAction) -> Action:
    return Action(
        id=uuid7(action.now),
        created_at=action.now,
        operator_id=action.operator_id,
        kind=action.kind,
        key=action.key,
        reason=action.reason,
        details=dict(action.details),
        **action.concerns,
    )


@unit_of_work
def reasons_erase(*, rider_id: UUID) -> None:
    """Empty the reasons that operators gave for what they did to the rider. The caller has locked the user."""
    Action.objects.filter(rider_id=rider_id).exclude(reason="").update(reason="")


@unit_of_work
def roles_set(*, user_id: UUID, roles: Collection[str], seen: Collection[str], operator_id: UUID) -> None:
    """Give an operator these roles and take the others; groups that are no roles stay. Locks both users.

    The manager's right is read again under the lock: if two managers take the role from each other, one keeps it.

    :param seen: the roles that the form showed
    :raises OwnRolesError, SuperuserRolesError, RoleBeyondRightsError: as `roles_require_right`
    :raises RolesChangedError: if another has changed them since
    :raises RolesUnchangedError: if they are as wanted already
    """
    locked = {user.pk: user for user in users_lock(user_ids=[user_id, operator_id])}
    user, operator = locked[user_id], locked[operator_id]
    current = roles_of(user)
    roles_require_right(operator=operator, user=user, roles=set(current) ^ set(roles))
    if set(current) != set(seen):
        raise RolesChangedError
    if set(current) == set(roles):
        raise RolesUnchangedError
    other_groups = user.groups.exclude(name__in=ROLES)
    user.groups.set([*other_groups, *Group.objects.filter(name__in=roles)])


def roles_require_right(*, operator: User, user: User, roles: Collection[str]) -> None:
    """Check that the operator may give these roles to the user, or take them.

    :raises RoleBeyondRightsError: if a role has a right that the operator lacks, or the operator may give none
    :raises OwnRolesError: if it is the operator's own account
    :raises SuperuserRolesError: if the user is a superuser
    """
    if not operator.has_perm("console.assign_roles"):
        raise RoleBeyondRightsError
    if operator.pk == user.pk:
        raise OwnRolesError
    if user.is_superuser:
        raise SuperuserRolesError
    permissions = Permission.objects.filter(group__name__in=roles).values_list("content_type__app_label", "codename")
    if not operator.has_perms([f"{app}.{codename}" for app, codename in permissions.distinct()]):
        raise RoleBeyondRightsError
