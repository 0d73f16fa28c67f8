from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from bikerental.core.identifiers import uuid7
from bikerental.notifications.selectors import notifications_of_user, notifications_unsent_count
from tests.factories import NOON, make_user
from tests.notifications.conftest import make_notification


@pytest.mark.django_db
def test_a_riders_messages_are_no_other_riders(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rider = make_user()
    # Two ids of one millisecond have no order.
    older = make_notification(1, id=uuid7(NOON), recipient=rider)
    newer = make_notification(2, id=uuid7(NOON + timedelta(milliseconds=1)), recipient=rider)
    make_notification(3)

    with django_assert_num_queries(1):
        [page] = notifications_of_user(user_id=rider.pk)
    assert [message["id"] for message in page] == [older.pk, newer.pk]


@pytest.mark.django_db
def test_unsent_messages_are_counted(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_notification(1)
    make_notification(2, state="sending", claimed_until=NOON)
    make_notification(3, state="sent", sent_at=NOON)

    with django_assert_num_queries(1):
        assert notifications_unsent_count() == 2
