"""What `make run` serves with, and the two views that the API is compared with."""

from config.settings.local import *  # noqa: F403 - the environment adds to the shared settings

DEBUG = False
ROOT_URLCONF = "tests.load.urls"
# A few riders ride all the time: the worker does the work of as many receipts as there are rides.
MESSAGES_PER_ADDRESS_HOUR = 1_000_000
