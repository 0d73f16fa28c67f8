"""`make mutate`: removes each guard in turn, and lists those that no test protects.

ARGS="lock" selects the guards with that word in their name or file.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence

from compose.bare.state import ROOT
from tests.mutation.database import Database
from tests.mutation.entries import Constraint, Entry, EntryError
from tests.mutation.guards import ENTRIES
from tests.mutation.runner import Outcome, Runner, copied, timed

GREEN_SECONDS = 1800.0


def main(words: Sequence[str]) -> int:
    entries = chosen(words)
    if not entries:
        say(f"No guard has {' or '.join(words)} in its name or file.\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in order, as after Ctrl-C
    try:
        return mutate(entries)
    except EntryError as error:
        say(f"{error}\n")
    except KeyboardInterrupt:
        say("\nInterrupted.\n")
        return 130
    return 2


def chosen(words: Sequence[str]) -> list[Entry]:
    if not words:
        return list(ENTRIES)
    return [entry for entry in ENTRIES if any(word.lower() in place(entry).lower() for word in words)]


def place(entry: Entry) -> str:
    return f"{entry.name} {'database' if isinstance(entry, Constraint) else entry.file}"


def mutate(entries: Sequence[Entry]) -> int:
    database = Database(os.environ["DATABASE_URL"])
    with copied(ROOT) as folder:
        try:
            say("Making the test database; running the tests with every guard in place …\n")
            database.make(folder)
            runner = Runner(folder, database)
            runner.require_green(entries, limit=GREEN_SECONDS)
            return run_all(runner, entries)
        finally:
            database.remove()


def run_all(runner: Runner, entries: Sequence[Entry]) -> int:
    """Returns 1 if the removal of a guard was not noticed, or the result is unknown."""
    outcomes: list[tuple[Entry, Outcome]] = []
    try:
        for number, entry in enumerate(entries, 1):
            say(f"{number}/{len(entries)} {entry.name} … ")
            outcome, seconds = timed(runner, entry)
            outcomes.append((entry, outcome))
            say(f"{sentence(outcome)}, {seconds:.1f} s\n")
    finally:
        summarise(outcomes)
    return int(any(outcome.is_bad for _, outcome in outcomes))


def sentence(outcome: Outcome) -> str:
    if outcome.verdict == "killed":
        return f"killed by {outcome.said}"
    if outcome.verdict == "excused":
        return f"survives: {outcome.said}"
    return f"{outcome.verdict.upper()} {outcome.said}".rstrip()


def summarise(outcomes: Sequence[tuple[Entry, Outcome]]) -> None:
    counts = Counter(outcome.verdict for _, outcome in outcomes)
    say(f"\n{len(outcomes)} guards: {', '.join(f'{count} {verdict}' for verdict, count in counts.most_common())}\n")
    for entry, outcome in outcomes:
        if outcome.is_bad:
            say(f"  {outcome.verdict}: {place(entry)}\n")


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
