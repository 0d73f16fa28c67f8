"""Running periodic tasks from the admin: a task that cannot run is reported, and is not a server error."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from bikerental.observe.queues import queue_metrics
from config.celery_app import app
from tests.factories import make_user

pytestmark = pytest.mark.django_db
LIST = "admin:django_celery_beat_periodictask_changelist"
HEARTBEAT = "bikerental.observe.tasks.beat_heartbeat"


@pytest.fixture(autouse=True)
def _empty_queues() -> Iterator[None]:
    app.control.purge()
    yield
    app.control.purge()


def run_selected(client: Client, **fields: Any) -> list[str]:
    interval = IntervalSchedule.objects.create(every=1, period="days")
    row = PeriodicTask.objects.create(name="mine", interval=interval, **{"task": HEARTBEAT} | fields)
    answer = client.post(reverse(LIST), {"action": "run_tasks", "_selected_action": [row.pk]}, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def sent() -> float:
    return sum(queue_metrics()["bikerental_queue_messages"].values())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"queue": "nowhere"}, "nowhere"),
        ({"task": "bikerental.nothing"}, "there is no task bikerental.nothing"),
        ({"args": "["}, "Expecting value"),
        ({"args": "5"}, ""),
        ({"kwargs": "[1]"}, ""),
        ({"task": "bikerental.rentals.tasks.settle_rentals"}, "ids"),
    ],
    ids=["queue", "task", "no JSON", "no list", "no object", "no arguments"],
)
def test_a_task_that_cannot_be_run_is_reported_with_the_reason(
    admin_client: Client, fields: dict[str, str], reason: str
) -> None:
    (message,) = run_selected(admin_client, **fields)

    assert message.startswith("mine was not run: ")
    assert reason in message
    assert sent() == 0


def test_a_task_that_can_be_run_is_sent_to_the_workers(admin_client: Client) -> None:
    assert run_selected(admin_client) == ["mine was sent to the workers."]
    assert sent() == 1


def test_view_rights_alone_run_no_task(client: Client) -> None:
    operator = make_user(is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_periodictask"))
    client.force_login(operator)

    assert run_selected(client) == ["No action selected."]
    assert sent() == 0
