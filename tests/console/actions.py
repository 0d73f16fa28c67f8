"""Rows of the operators' log."""

from uuid import uuid4

from bikerental.console.constants import ActionKind
from bikerental.console.models import Action
from bikerental.console.services import action_perform
from bikerental.console.types import NewAction
from tests.factories import NOON, make_user


def make_act(**fields: object) -> NewAction:
    return NewAction(
        **{"key": uuid4(), "operator_id": make_user().pk, "kind": ActionKind.ROLES_SET, "now": NOON} | fields
    )


def make_action(**fields: object) -> Action:
    act = make_act(**fields)
    action_perform(action=act, perform=dict)
    return Action.objects.get(key=act.key)
