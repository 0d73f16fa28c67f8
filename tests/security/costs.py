"""How processor time grows with the length of the input."""

import time
from collections.abc import Callable, Iterable

# Runs of characters that patterns and parsers look for. The last are marks, which normalising sorts one by one.
RUNS = ("a", "1", " ", ".", ",", ";", "=", "%", "\\", '"', "[", ":", "-", "a@", "a.", "%a", "1,", '\\"', "\u0315\u0300")
NOBODY_NOTICES_SECONDS = 0.02


def grows_too_fast(call: Callable[[str], object], length: int, runs: Iterable[str] = RUNS) -> list[str]:
    """The runs for which double length takes more than three times as long, and long enough to matter."""
    found = []
    for run in runs:
        once, twice = (_text(run, times) for times in (length, 2 * length))
        # The slowest run that passes is measured twice, the slowest one that fails once.
        if _seconds(call, twice) > NOBODY_NOTICES_SECONDS:
            short, long = _least(call, once), _least(call, twice)
            if long > 3 * short + NOBODY_NOTICES_SECONDS / 2:
                found.append(f"{run!r}: {short:.3f} s, twice as long {long:.3f} s")
    return found


def _text(run: str, length: int) -> str:
    # Each mark in a block of its own: marks in the wrong order are sorted over the whole length.
    return (run * length)[:length] if run.isascii() else "a" + "".join(mark * (length // len(run)) for mark in run)


def _least(call: Callable[[str], object], text: str) -> float:
    return min(_seconds(call, text) for _ in range(3))


def _seconds(call: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    call(text)
    return time.thread_time() - started
