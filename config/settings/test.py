"""The test suite: the local settings, with cheap passwords and mail kept in memory."""

from django_migration_linter.sql_analyser.base import BaseAnalyser

from .local import *  # noqa: F403 - the environment adds to the shared settings
from .local import BASE_DIR, INSTALLED_APPS, LOGGING, MEDIA_ROOT, env

DEBUG = False
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # brings a command, no tables
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
# Expand-only: during a deploy the old code runs on the new schema.
MIGRATION_LINTER_OPTIONS = {
    "project_root_path": str(BASE_DIR / "bikerental"),
    # Ours by their labels (http has the label api). The packages' pasts are not ours to mend.
    "include_apps": ["api", *(app.split(".")[1] for app in INSTALLED_APPS if app.startswith("bikerental."))],
    # Each that contracts or locks all the same, with the reason why nobody is hurt.
    "ignore_name": [
        "0002_refused_addresses_and_password_resets",  # before the first release: no table has rows
    ],
    "sql_analyser": "postgresql",  # it does not know it by our engine's name
    "no_cache": True,
    "warnings_as_errors": ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"],
}
# The linter's own words on this one end with "You may ignore this migration."
for _check in BaseAnalyser.base_migration_checks:
    if _check.code == "ALTER_COLUMN":
        _check.message = (
            "ALTERING columns (the old code goes on with the old type, and the table may be rewritten under a lock). "
            "Add a column beside it, write both, and drop the old one with a later release: "
            "docs/operations/delivery.md, Migrations only add."
        )
