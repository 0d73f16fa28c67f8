"""Runs many threads at the same moment, each with a connection and commits of its own."""

import threading
from collections import Counter
from collections.abc import Callable

from django.db import connection

from bikerental.core.errors import Refusal

WAIT_SECONDS = 30


def race(*runners: Callable[[], object]) -> Counter[str]:
    """Run all at once and count the outcomes: the name of the refusal, or "done".

    Any other exception is a bug and fails the test.
    """
    barrier = threading.Barrier(len(runners))
    outcomes: list[str] = []
    bugs: list[BaseException] = []

    def run(runner: Callable[[], object]) -> None:
        try:
            barrier.wait(WAIT_SECONDS)
            runner()
            outcomes.append("done")
        except Refusal as refusal:
            outcomes.append(type(refusal).__name__)
        except BaseException as bug:  # noqa: BLE001 - raised again below, in the test's own thread
            bugs.append(bug)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    if bugs:
        raise bugs[0]
    return Counter(outcomes)
