"""A body that names columns: fields that the serializer does not declare change nothing."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models

from bikerental.users.models import User
from tests.security.routes import TABLE, Route, make_world

pytestmark = pytest.mark.django_db

PLANTED: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (models.BooleanField, True),
    (models.UUIDField, UUID("5eed5eed-5eed-7eed-8eed-5eed5eed5eed")),
    (models.DateTimeField, datetime(1999, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (models.DecimalField, "4242.42"),
    (models.IntegerField, 4242),
    (models.FloatField, 42.424242),
    (models.JSONField, {"planted": "planted"}),
    (models.CharField, "planted"),
)
# Only whole numbers, not digits inside a hash or an id.
TRACES = re.compile(r"planted|5eed5eed|(?<![\w-])(4242|42\.4242)(?![\w-])|1999, 1, 2")
OURS = [model for model in apps.get_models() if model.__module__.startswith("bikerental.")]


def planted(field: "models.Field[Any, Any]") -> Any:
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return next((value for kind, value in PLANTED if isinstance(target, kind)), "planted")


def hostile_keys() -> dict[str, Any]:
    """Each column of each of our tables, by its name and by its attribute's."""
    keys: dict[str, Any] = {"is_admin": True, "role": "planted", "groups": [1], "user_permissions": [1]}
    for model in OURS:
        for field in model._meta.concrete_fields:
            keys[field.name] = keys[field.attname] = planted(field)
    return keys


def rows() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in OURS}


@pytest.mark.parametrize("route", [route for route in TABLE if route.body], ids=lambda route: route.operation)
def test_undeclared_fields_change_nothing(route: Route) -> None:
    world = make_world()
    caller = world.other if route.other < 400 else world.rider
    privileged = set(User.objects.filter(is_staff=True).values_list("pk", flat=True))
    closed = User.objects.filter(is_active=False).count()
    body = route.body_in(world, caller) or {}
    hostile = {key: value for key, value in hostile_keys().items() if key not in route.declared_body.fields}
    assert len(hostile) > 60

    answer = getattr(caller, route.method)(route.path_in(world), hostile | body)

    assert answer.status_code == (route.other if route.other < 400 else route.rider), answer.content
    assert not TRACES.search(repr(rows()) + answer.content.decode())
    assert set(User.objects.filter(is_staff=True).values_list("pk", flat=True)) <= privileged
    assert not User.objects.exclude(pk__in=privileged).filter(is_superuser=True).exists()
    # DELETE me/ closes its caller's account, and no other request closes any.
    assert User.objects.filter(is_active=False).count() == closed + (route.method == "delete")
