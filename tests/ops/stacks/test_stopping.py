"""A worker is told to stop while it runs a task: the task takes effect once."""

from collections.abc import Iterator

import pytest
import requests

from tests.ops.stacks.stack import STOP_SECONDS, Stack, ride, settled
from tests.support.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SLOW = """
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(4); RETURN NEW; END $$;
    CREATE TRIGGER slowly BEFORE INSERT ON rentals_rentalevent
        FOR EACH ROW WHEN (NEW.kind = 'settled') EXECUTE FUNCTION slowly()
"""


@pytest.fixture
def slow(production: Stack) -> Iterator[None]:
    """Settling takes four seconds."""
    production.sql(SLOW)
    yield
    production.sql("DROP FUNCTION IF EXISTS slowly CASCADE")
    production.up()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_task_that_runs_is_in_effect_once(production: Stack, rider: requests.Session, base: str, how: str) -> None:
    rental = ride(rider, base)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    assert eventually(lambda: production.sql(sleeping) == "1", 60)

    production.compose(how, "worker", seconds=STOP_SECONDS)
    ended = production.states()["worker"]
    production.sql("DROP FUNCTION slowly CASCADE")
    production.compose("start", "worker")

    assert ended == ("exited", 0 if how == "stop" else 137)
    assert settled(rider, rental)["status"] == "settled"
    key = rental.rstrip("/").rpartition("/")[2]
    events = production.sql(f"SELECT count(*) FROM rentals_rentalevent WHERE rental_id = '{key}' AND kind = 'settled'")
    receipts = production.sql(f"SELECT count(*) FROM notifications_notification WHERE key = 'receipt:{key}'")
    assert (events, receipts) == ("1", "1")
