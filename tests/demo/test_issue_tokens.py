from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from bikerental.users.models import Session
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def issue(**options: int) -> list[str]:
    out = StringIO()
    call_command("issue_tokens", stdout=out, **options)
    return out.getvalue().splitlines()


def make_demo_riders(count: int) -> None:
    for number in range(1, count + 1):
        make_user(email=f"rider-{number:06}@demo.example")


def test_each_line_is_the_token_of_another_demo_rider() -> None:
    make_demo_riders(3)
    make_user(email="rider@example.org")

    tokens = issue(users=2)

    emails = []
    for token in tokens:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        emails.append(client.get("/api/v1/me/").json()["email"])
    assert emails == ["rider-000001@demo.example", "rider-000002@demo.example"]


def test_the_tokens_last_as_long_as_asked_for() -> None:
    make_demo_riders(1)
    before = timezone.now()

    issue(users=1, minutes=1440)

    lifetime = Session.objects.get().expires_at - before
    assert timedelta(minutes=1440) <= lifetime < timedelta(minutes=1441)


def test_neither_operators_nor_closed_accounts_get_one() -> None:
    make_user(email="operator@demo.example", is_staff=True)
    make_user(email="closed@demo.example", is_active=False)
    make_user(email="rider@notdemo.example")

    with pytest.raises(CommandError, match=r"There are 0 demo riders, not 1: run seed_demo"):
        issue(users=1)

    assert Session.objects.count() == 0


@pytest.mark.parametrize("options", [{"users": 0}, {"users": 1, "minutes": 0}, {"users": 1, "minutes": 1441}])
def test_options_out_of_range_are_refused(options: dict[str, int]) -> None:
    make_demo_riders(1)

    with pytest.raises(CommandError, match=r"--minutes from 1 to 1440"):
        issue(**options)


def test_many_riders_cost_few_statements(django_assert_max_num_queries: Any) -> None:
    make_demo_riders(50)

    with django_assert_max_num_queries(5):
        assert len(issue(users=50)) == 50
