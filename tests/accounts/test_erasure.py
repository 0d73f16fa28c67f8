"""The personal data that the apps declare."""

from importlib.util import find_spec
from unittest.mock import patch

import pytest
from django.apps import apps

from bikerental.accounts import services
from bikerental.accounts.api.serializers import export_sections
from bikerental.core.errors import UnavailableError
from bikerental.core.personal_data import ClosedAccount
from bikerental.users.models import Session, User
from tests.accounts.keys import KEYS
from tests.clients import RiderClient
from tests.factories import NOON, PASSWORD, make_user

pytestmark = pytest.mark.django_db


def close(user: User) -> None:
    services.account_erase(rider=user, password=PASSWORD, address="192.0.2.10", now=NOON)


def test_each_app_with_exported_data_declares_its_erasure() -> None:
    ours = {app.label: app.name for app in apps.get_app_configs() if app.name.startswith("bikerental.")}
    labels = {key.split(".")[0] for key, where in KEYS.items() if not where.startswith("none: ")}
    named = {ours[label] for label in labels if label in ours}

    assert named
    assert [name for name in sorted(named) if find_spec(f"{name}.erasure") is None] == []


def test_no_two_apps_export_under_one_name() -> None:
    names = [section.name for section in export_sections()]

    assert len(names) == len(set(names)) > 1


def test_each_app_hears_of_an_account_before_any_erases_it() -> None:
    user = make_user(email="ann@example.org", email_confirmed_at=NOON)
    told: list[ClosedAccount] = []

    with patch.object(services, "_erasures", return_value=(*services._erasures(), told.append)):
        close(user)

    user.refresh_from_db()
    assert told == [ClosedAccount(user.pk, "ann@example.org", email_confirmed=True, closed_at=NOON)]
    assert (user.name, user.erased_at) == ("", NOON)


@pytest.mark.django_db(transaction=True)
def test_an_app_that_refuses_keeps_everything(rider_client: RiderClient) -> None:
    user = rider_client.rider

    def refuse(account: ClosedAccount) -> None:
        raise UnavailableError

    with patch.object(services, "_erasures", return_value=(*services._erasures(), refuse)):
        answer = rider_client.delete("/api/v1/me/", {"password": PASSWORD})

    assert answer.status_code == 503
    before = (user.email, user.name, user.is_active)
    user.refresh_from_db()
    assert (user.email, user.name, user.is_active) == before
    assert Session.objects.filter(user=user).exists()
