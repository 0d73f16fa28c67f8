"""The length of long tests: seconds in the suite, the full length with `LONG=1 make test`."""

import os

IS_LONG = os.environ.get("LONG") == "1"


def races(short: int) -> int:
    """How often a race is run: `short` in the suite, 10,000 times with `LONG=1`, or as `RACES` says."""
    return int(os.environ.get("RACES", 10_000 if IS_LONG else short))
