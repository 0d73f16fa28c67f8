"""A developer's machine. Its keys may be public, because they protect nothing."""

from .base import *  # noqa: F403 - the environment adds to the shared settings
from .base import INSTALLED_APPS, JWT_SIGNING_KEY, MIDDLEWARE, SECRET_KEY, SIMPLE_JWT, STORAGES, env

DEBUG = env.bool("DJANGO_DEBUG", default=True)
SECRET_KEY = SECRET_KEY or "local-secret-key-that-guards-nothing-beyond-this-machine"
MEDIA_SERVED = True
# Not compressed: that takes 5 s of processor time, and browser and server are on one machine.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
JWT_SIGNING_KEY = JWT_SIGNING_KEY or "local-signing-key-that-guards-nothing-beyond-this-machine"
SIMPLE_JWT = SIMPLE_JWT | {"SIGNING_KEY": JWT_SIGNING_KEY}

if env.bool("DEBUG_TOOLBAR", default=False):
    INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
    MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE]
    # In a container the browser's address is the bridge's, not the loopback address.
    DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": lambda request: True}

env.require_no_fault()
