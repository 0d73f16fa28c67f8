"""Operators and their roles."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from bikerental.console.constants import LIST_LENGTH, ROLES
from bikerental.users.models import User


class OperatorRow(NamedTuple):
    user: User
    roles: Sequence[str]


def operators() -> list[OperatorRow]:
    """Open accounts first. Two statements."""
    staff = User.objects.filter(is_staff=True, erased_at=None).prefetch_related("groups")
    return [OperatorRow(user, roles_of(user)) for user in staff.order_by("-is_active", "name", "email")[:LIST_LENGTH]]


def operator_of(*, user_id: UUID) -> User | None:
    """Two statements."""
    staff = User.objects.filter(is_staff=True, erased_at=None).prefetch_related("groups")
    return staff.filter(pk=user_id).first()


def roles_of(user: User) -> list[str]:
    """Those of an operator whose groups are known, in the order of the roles."""
    groups = {group.name for group in user.groups.all()}
    return [name for name in ROLES if name in groups]
