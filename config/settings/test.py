"""The test suite: the local settings with a fast password hasher, and with mail in memory."""

from django_migration_linter.sql_analyser.base import BaseAnalyser

from .local import *  # noqa: F403 - the environment adds to the shared settings
from .local import BASE_DIR, INSTALLED_APPS, LOGGING, MEDIA_ROOT, env

DEBUG = False
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # it adds a command and no tables
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 has its own tests
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# In memory, unless several processes must share it.
TEST_MEDIA_ROOT = env.str("TEST_MEDIA_ROOT", default="")
MEDIA_ROOT = TEST_MEDIA_ROOT or MEDIA_ROOT
STORAGES = {
    "default": {"BACKEND": "bikerental.media.folder.FolderStorage"}
    if TEST_MEDIA_ROOT
    else {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = LOGGING | {"root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")}}
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Static files come directly from the packages, without collectstatic.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
# Migrations may only add: during a deploy the old code runs on the new schema.
MIGRATION_LINTER_OPTIONS = {
    "project_root_path": str(BASE_DIR / "bikerental"),
    # Our apps by their labels (http has the label api). We do not check the packages' own migrations.
    "include_apps": ["api", *(app.split(".")[1] for app in INSTALLED_APPS if app.startswith("bikerental."))],
    # Migrations that remove or lock something, each with the reason why that is safe.
    "ignore_name": [
        "0002_refused_addresses_and_password_resets",  # written before the first release, when no table had rows
    ],
    "sql_analyser": "postgresql",  # the linter does not recognise PostgreSQL by our engine's name
    "no_cache": True,
    "warnings_as_errors": ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"],
}
# The linter's own text for this check ends with "You may ignore this migration."
for _check in BaseAnalyser.base_migration_checks:
    if _check.code == "ALTER_COLUMN":
        _check.message = (
            "ALTERING columns (the old code goes on with the old type, and the table may be rewritten under a lock). "
            "Add a column beside it, write both, and drop the old one with a later release: "
            "docs/operations/delivery.md, Migrations only add."
        )
