"""The settings of `make run`, with two views for comparison."""

from config.settings.local import *  # noqa: F403 - the environment adds to the shared settings

DEBUG = False
ROOT_URLCONF = "tests.load.urls"
# A few riders ride all the time. Without the limit the worker sends a receipt for each ride.
MESSAGES_PER_ADDRESS_HOUR = 1_000_000
