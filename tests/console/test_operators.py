"""Managers give and take the roles of operators, but no right that they do not have themselves."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bikerental.console.exceptions import RoleBeyondRightsError
from bikerental.console.models import Action
from bikerental.console.selectors.operators import operators
from bikerental.console.services import roles_set
from bikerental.users.models import User
from tests.console.conftest import browser_of
from tests.factories import make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def make_operator(*roles: str, **fields: Any) -> User:
    operator = make_user(is_staff=True, **fields)
    operator.groups.set(Group.objects.filter(name__in=roles))
    return operator


def page_of(user: User) -> str:
    return reverse("console:roles", args=[user.pk])


def send(client: Client, user: User, roles: Sequence[str], **fields: str) -> Any:
    page = client.get(page_of(user)).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(key|shown)" value="([^"]*)"', page))
    return client.post(page_of(user), {"roles": roles, "reason": "new duties"} | hidden | fields, follow=True)


def told(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_roles_are_given_and_taken_with_a_reason_once(manager: Client) -> None:
    own = Group.objects.create(name="night shift")
    operator = make_operator("viewer")
    operator.groups.add(own)
    form = {"key": "01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e", "shown": "viewer"}

    answers = [send(manager, operator, ["support", "technician"], **form) for _click in range(2)]

    assert roles_of(operator) == {"support", "technician", "night shift"}
    assert [told(answer) for answer in answers] == [
        ["The roles are set. They count from the operator's next page."],
        ["This had been done already. It was done once."],
    ]
    action = Action.objects.get()
    assert (action.kind, action.rider_id, action.reason) == ("roles_set", operator.pk, "new duties")
    assert (action.operator_id, action.details) == (manager.operator.pk, {"roles": "technician, support"})


def test_without_a_reason_nothing_changes(manager: Client) -> None:
    operator = make_operator("viewer")

    assert send(manager, operator, ["manager"], reason="").status_code == 422
    assert (roles_of(operator), Action.objects.count()) == ({"viewer"}, 0)


def test_nobody_changes_their_own_roles(manager: Client) -> None:
    answer = send(manager, manager.operator, ["viewer"], key="01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e", shown="manager")

    assert told(answer)[-1] == "You cannot change your own roles. Ask another manager."
    assert (roles_of(manager.operator), Action.objects.count()) == ({"manager"}, 0)


@pytest.mark.parametrize("is_superuser", [True, False])
def test_superusers_and_riders_get_no_roles(manager: Client, is_superuser: bool) -> None:
    other = make_user(is_superuser=is_superuser, is_staff=is_superuser)

    answer = send(manager, other, ["viewer"], key="01a20844-d8b0-7c11-9d2e-3f4a5b6c7d8e")

    assert answer.status_code == (200 if is_superuser else 404)
    assert (roles_of(other), Action.objects.count()) == (set(), 0)


@pytest.mark.django_db(transaction=True)
def test_a_role_with_rights_that_the_giver_has_not_is_refused() -> None:
    browser_of()
    giver, operator = make_operator("viewer"), make_operator("manager")
    giver.user_permissions.add(Permission.objects.get(codename="assign_roles"))
    client = Client()
    client.force_login(giver)

    for roles in (["manager", "support"], []):  # neither given nor taken
        answer = send(client, operator, roles)
        assert told(answer) == ["You can give and take only roles whose rights you have yourself. Nothing was changed."]
    assert (roles_of(operator), Action.objects.count()) == ({"manager"}, 0)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_another_made_meanwhile_is_not_undone(manager: Client) -> None:
    operator = make_operator("support")

    answer = send(manager, operator, ["manager"], shown="viewer")

    assert told(answer) == ["Somebody has changed these roles meanwhile. Look again. Nothing was changed."]
    assert roles_of(operator) == {"support"}


@pytest.mark.django_db(transaction=True)
def test_one_of_two_managers_removing_each_other_stays() -> None:
    browser_of()
    managers = [make_operator("manager") for _ in range(2)]

    def take(index: int) -> str:
        giver, other = managers[index], managers[1 - index]
        try:
            roles_set(user_id=other.pk, roles=[], seen=["manager"], operator_id=giver.pk)
        except RoleBeyondRightsError:
            return "refused"
        return "taken"

    assert sorted(at_once(take, times=2)) == ["refused", "taken"]
    assert sorted(len(roles_of(user)) for user in managers) == [0, 1]


def test_the_list_takes_two_statements(manager: Client) -> None:
    for _ in range(3):
        make_operator("support")

    with CaptureQueriesContext(connection) as statements:
        rows = operators()

    assert (len(rows), len(statements)) == (4, 2)
