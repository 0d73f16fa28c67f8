"""An operator of each role, beside the one who may do everything."""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid5

from django.contrib.auth.models import Group

from bikerental.console.constants import ROLES
from bikerental.demo.city import NAMESPACE
from bikerental.demo.constants import DEMO_EMAIL_DOMAIN
from bikerental.users.models import User


def write_operators(*, password: str, created_at: datetime) -> None:
    """`viewer@demo.example` and so on. A database without the groups of a role gets its operator without rights."""
    User.objects.bulk_create(_operators(password, created_at))
    ids = dict(User.objects.filter(email__in=map(_email, ROLES)).values_list("email", "pk"))
    groups = Group.objects.filter(name__in=ROLES)
    User.groups.through.objects.bulk_create(
        User.groups.through(user_id=ids[_email(group.name)], group_id=group.pk) for group in groups
    )


def _email(role: str) -> str:
    return f"{role}@{DEMO_EMAIL_DOMAIN}"


def _operators(password: str, created_at: datetime) -> Iterator[User]:
    for role in ROLES:
        yield User(
            id=uuid5(NAMESPACE, f"operator {role}"),
            created_at=created_at,
            email=_email(role),
            email_confirmed_at=created_at,
            name=f"Demo {role}",
            password=password,
            language="en",
            is_staff=True,
        )
