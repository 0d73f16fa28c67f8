"""Operators of each role, logged in."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client

from tests.factories import make_user


def browser_of(*roles: str) -> Client:
    """A logged-in operator with these roles: `client.operator`."""
    # A test with real commits empties every table, also that of the groups.
    for migration in ("0002_roles", "0003_roles_of_feeds"):
        import_module(f"bikerental.console.migrations.{migration}").make_roles(apps, None)
    operator = make_user(is_staff=True, name="Olga")
    operator.groups.set(Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(operator)
    client.operator = operator
    return client


@pytest.fixture
def manager(db: None) -> Client:
    return browser_of("manager")


@pytest.fixture
def support(db: None) -> Client:
    return browser_of("support")
