"""The WSGI application that the web server runs."""

import gc
import os

import django
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

django.setup(set_prefix=False)

from bikerental.feeds.wsgi import FeedApplication  # noqa: E402 - needs the settings
from bikerental.http.handler import Handler  # noqa: E402 - needs the settings

application = FeedApplication(Handler())
# Views are imported now instead of during the first request. `freeze` exempts everything that exists now from garbage
# collection, and the higher threshold makes it run less often than once for every few hundred objects of a page. But
# requests leave reference cycles: 10,000 objects are about 3 MiB of them, 50,000 were 25.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
