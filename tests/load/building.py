"""Builds the public feed as the worker does, for `make bench ARGS=feeds`: each five seconds, until it is ended.

Each build prints a line of JSON: its processor seconds, and the largest memory of the process in MiB.
"""

import json
import resource
import sys
import time

import django


def main() -> None:
    django.setup()
    from django.utils import timezone

    from bikerental.feeds.constants import BUILD_SECONDS
    from bikerental.feeds.services import feed_build

    while True:
        started, spent = time.monotonic(), time.process_time()
        feed_build(now=timezone.now())
        figures = {
            "seconds": time.process_time() - spent,
            "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
        time.sleep(max(0.0, started + BUILD_SECONDS - time.monotonic()))


if __name__ == "__main__":
    main()
