"""Terms and limits of the feeds app."""

from datetime import timedelta

BUILD_SECONDS = 5  # beat starts a build this often
# A build that comes sooner than this after another one does nothing.
BUILD_APART = timedelta(seconds=BUILD_SECONDS - 1)
# A web process builds if the feed is older than this: then beat, the broker or the worker is away.
BUILD_LATE = timedelta(seconds=BUILD_SECONDS + 2)
STATUS_TTL = 10  # seconds; of the files that each ride changes
OTHER_TTL = 60
PREFIX = "/gbfs/"

# How a web process keeps its copy of the feed.
CHECK_SECONDS = 1.0  # it asks for a newer build if it last did so longer ago
WAIT_SECONDS = 2.0  # at most so long a request waits for the answer
IDLE_SECONDS = 5.0  # without a request for so long, the thread and its connection end
BUILDING_SECONDS = 3.0  # while a process builds, its copy counts as checked for so long
