"""The WSGI application that the web server runs."""

import gc
import os

import django
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

django.setup(set_prefix=False)

from bikerental.http.headers import Handler  # noqa: E402 - needs the settings

application = Handler()
# The views are imported here rather than during the first request. What exists by now stays: the
# collector need not walk it again and again, nor look after every few hundred objects of a page. Requests leave
# circles behind, though: 10,000 objects are some 3 MiB of them, 50,000 were 25.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
