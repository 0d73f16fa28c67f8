"""The unit of work runs again if PostgreSQL aborted it for another transaction."""

import threading
from collections import Counter

import pytest
from django.db import OperationalError, connection

from bikerental.core.db.transactions import ATTEMPTS, sqlstate, unit_of_work
from bikerental.fleet.models import Tariff
from tests.factories import make_tariff
from tests.support.threads import WAIT_SECONDS, race

pytestmark = pytest.mark.django_db(transaction=True)


def fail_with(state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")


def test_both_transactions_of_a_deadlock_are_done() -> None:
    one, other = make_tariff(name="").pk, make_tariff(name="").pk
    both_hold_one = threading.Barrier(2)
    runs: Counter[str] = Counter()

    @unit_of_work
    def write(name: str, *keys: object) -> None:
        for key in keys:
            tariff = Tariff.objects.select_for_update().get(pk=key)
            Tariff.objects.filter(pk=key).update(name=tariff.name + name)
            if key == keys[0] and not runs[name]:
                runs[name] += 1
                both_hold_one.wait(WAIT_SECONDS)
        runs["ended"] += 1

    outcomes = race(lambda: write("a", one, other), lambda: write("b", other, one))

    assert outcomes == {"done": 2}
    assert runs["ended"] == 2
    # Each wrote both rows once: the rows of the aborted transaction are gone.
    assert {"".join(sorted(name)) for name in Tariff.objects.values_list("name", flat=True)} == {"ab"}


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_after_three_attempts_the_error_is_the_callers(state: str) -> None:
    runs: list[str] = []

    @unit_of_work
    def act() -> None:
        runs.append(make_tariff().name)
        fail_with(state)

    with pytest.raises(OperationalError) as error:
        act()

    assert (sqlstate(error.value), len(runs), Tariff.objects.count()) == (state, ATTEMPTS, 0)


def test_a_permanent_database_error_is_not_tried_again() -> None:
    runs: list[str] = []

    @unit_of_work
    def act() -> None:
        runs.append(make_tariff().name)
        fail_with("57014")

    with pytest.raises(OperationalError):
        act()

    assert (len(runs), Tariff.objects.count()) == (1, 0)


def test_inside_another_the_outermost_runs_again() -> None:
    runs: list[str] = []

    @unit_of_work
    def inner() -> None:
        runs.append("inner")
        if len(runs) == 2:
            fail_with("40P01")

    @unit_of_work
    def outer() -> None:
        runs.append("outer")
        inner()

    outer()

    assert runs == ["outer", "inner", "outer", "inner"]
