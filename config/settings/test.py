"""The test suite: the local settings, with cheap passwords and mail kept in memory."""

from .local import *  # noqa: F403 - the environment adds to the shared settings
from .local import LOGGING

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 has tests of its own
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = LOGGING | {"root": {"handlers": ["console"], "level": "WARNING"}}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Static files straight from the packages: no collectstatic before a test.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
