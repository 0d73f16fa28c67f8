"""The operators' log: a row is written once, in the transaction of the action, and never changed."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from bikerental.console.models import Action
from bikerental.console.services import action_perform, reasons_erase
from bikerental.core.db.transactions import constraint_name
from bikerental.rentals.exceptions import RentalNotActiveError
from tests.console.actions import make_act, make_action
from tests.factories import NOON, make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def test_an_action_is_logged_with_what_it_concerns() -> None:
    bike, station = uuid4(), uuid4()
    act = make_act(reason="flat tyre", concerns={"bike_id": bike}, details={"to": "here"})

    assert action_perform(action=act, perform=lambda: {"station_id": station})

    action = Action.objects.get()
    assert (action.operator_id, action.kind, action.created_at) == (act.operator_id, "roles_set", NOON)
    assert (action.bike_id, action.station_id, action.reason, action.details) == (
        bike, station, "flat tyre", {"to": "here"},
    )  # fmt: skip


def test_a_form_that_is_sent_twice_acts_once() -> None:
    act, done = make_act(), []

    outcomes = [action_perform(action=act, perform=lambda: done.append(1)) for _ in range(2)]

    assert (outcomes, done, Action.objects.count()) == ([True, False], [1], 1)


def test_a_refusal_leaves_no_row() -> None:
    def refuse() -> None:
        raise RentalNotActiveError

    with pytest.raises(RentalNotActiveError), transaction.atomic():
        action_perform(action=make_act(), perform=refuse)

    assert not Action.objects.exists()


def test_the_database_takes_a_key_once() -> None:
    action = make_action()

    with pytest.raises(IntegrityError) as caught:
        Action.objects.create(operator_id=action.operator_id, kind=action.kind, key=action.key)

    assert constraint_name(caught.value) == "console_action_key"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_act_once() -> None:
    act, done = make_act(), []

    outcomes = at_once(lambda _: action_perform(action=act, perform=lambda: done.append(1)), times=2)

    assert (sorted(outcomes), done) == ([False, True], [1])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE console_action SET kind = 'other'",
        "UPDATE console_action SET reason = 'another'",
        "UPDATE console_action SET reason = '', created_at = now()",
        "DELETE FROM console_action",
        "TRUNCATE console_action",
    ],
)
def test_a_row_of_the_log_cannot_be_changed(change: str) -> None:
    make_action(reason="why")

    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {change}")

    assert constraint_name(caught.value) == "console_action_append_only"
    assert Action.objects.get().reason == "why"


def test_erasing_a_rider_empties_the_reasons_about_them() -> None:
    rider = make_user()
    mine, other = make_action(reason="for Ann", concerns={"rider_id": rider.pk}), make_action(reason="for Ben")

    reasons_erase(rider_id=rider.pk)

    assert [Action.objects.get(pk=each.pk).reason for each in (mine, other)] == ["", "for Ben"]


def test_the_log_is_found_by_what_it_concerns(manager: Client) -> None:
    ids: dict[str, UUID] = {name: uuid4() for name in ("bike_id", "rental_id", "rider_id")}
    for minute, (name, value) in enumerate(ids.items()):
        make_action(concerns={name: value}, reason=f"about {name}", now=NOON.replace(minute=minute))

    pages = {
        name: manager.get("/admin/console/log/", {name.removesuffix("_id"): value}).content.decode()
        for name, value in ids.items()
    }

    for name, page in pages.items():
        assert [each for each in ids if f"about {each}" in page] == [name]
    everything = manager.get("/admin/console/log/").content.decode()
    assert everything.index("about rider_id") < everything.index("about bike_id")


def test_the_log_is_read_in_pages(manager: Client, django_assert_num_queries: object) -> None:
    for number in range(51):
        make_action(reason=f"number {number:02}", now=NOON.replace(minute=number))

    first = manager.get("/admin/console/log/").content.decode()
    older = first.partition('href="?before=')[2].partition('"')[0]
    second = manager.get("/admin/console/log/", {"before": older}).content.decode()

    assert ("number 50" in first, "number 00" in first, "number 00" in second, "Older" in second) == (
        True, False, True, False,
    )  # fmt: skip
    assert ["?file=csv" in page for page in (first, second)] == [True, True]
