"""The test suite: the local settings, with cheap passwords and mail kept in memory."""

from .local import *  # noqa: F403 - the environment adds to the shared settings
from .local import LOGGING, MEDIA_ROOT, env

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 has tests of its own
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# In memory, unless several processes are to see it.
TEST_MEDIA_ROOT = env.str("TEST_MEDIA_ROOT", default="")
MEDIA_ROOT = TEST_MEDIA_ROOT or MEDIA_ROOT
STORAGES = {
    "default": {"BACKEND": f"django.core.files.storage.{'FileSystem' if TEST_MEDIA_ROOT else 'InMemory'}Storage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = LOGGING | {"root": {"handlers": ["console"], "level": "WARNING"}}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Static files straight from the packages: no collectstatic before a test.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
