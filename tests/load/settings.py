"""What `make run` serves with, and the two views that the API is compared with."""

from config.settings.local import *  # noqa: F403 - the environment adds to the shared settings

DEBUG = False
ROOT_URLCONF = "tests.load.urls"
