"""Limits of the users app."""

from datetime import timedelta

NAME_LENGTH = 150
EMAIL_LENGTH = 254
PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 128
CODE_LENGTH_MAX = 16
RESET_TOKEN_LENGTH_MAX = 128

# These failures are free. Each further one doubles the wait.
GUESSES_FREE_PER_ADDRESS = 5
GUESSES_FREE_PER_ACCOUNT = 20
GUESS_DELAY_MAX = timedelta(hours=1)
GUESSES_FORGOTTEN_AFTER = timedelta(days=1)
# An address from which the account logged in stays usable during guesses from other addresses.
ADDRESS_TRUSTED_FOR = timedelta(days=30)

ERASED_EMAIL_DOMAIN = "@erased.invalid"

# The account in the examples of the Swagger document.
EXAMPLE_EMAIL = "rider-000001@demo.example"
EXAMPLE_PASSWORD = "demo-ride-2026"  # noqa: S105 - known to all

SEARCH_RESULTS_MAX = 20
SEARCH_LENGTH_MIN = 3  # a shorter part of a name would match most accounts
