"""The admin's groups of models, and the links between admin and console."""

import re

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from bikerental.console.admin_site import GROUPS, OPERATORS
from tests.console.conftest import browser_of

pytestmark = pytest.mark.django_db


def test_each_model_is_in_one_group() -> None:
    grouped = [label for group in GROUPS for label in group.models if label != OPERATORS]

    assert sorted(grouped) == sorted(model._meta.label for model in site._registry)


def test_the_groups_stand_in_the_order_of_the_work(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:index")).content.decode()

    assert re.findall(r'id="group-(\w+)-list"', page) == [
        "fleet", "rides", "riders", "money", "claims", "feeds", "people", "service"
    ]  # fmt: skip


def test_an_operator_sees_the_groups_of_the_own_rights() -> None:
    technician = browser_of("technician")

    page = technician.get(reverse("admin:index")).content.decode()

    assert re.findall(r'id="group-(\w+)-list"', page) == ["fleet", "feeds"]


def test_console_and_admin_link_to_each_other(admin_client: Client) -> None:
    console, admin = reverse("console:today"), reverse("admin:index")

    assert f'href="{console}"' in admin_client.get(admin).content.decode()
    assert f'href="{admin}"' in admin_client.get(console).content.decode()


def test_the_admin_links_to_the_landing_page(admin_client: Client, settings: Settings) -> None:
    page = admin_client.get(reverse("admin:index")).content.decode()

    assert '<a href="/">View site</a>' in page
