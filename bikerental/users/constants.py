"""Limits of the users app."""

from datetime import timedelta

NAME_LENGTH = 150
PASSWORD_LENGTH_MAX = 128

# A mistyped password costs nothing; from then on each failure doubles the wait.
GUESSES_FREE_PER_ADDRESS = 5
GUESSES_FREE_PER_ACCOUNT = 20
GUESS_DELAY_MAX = timedelta(hours=1)
GUESSES_FORGOTTEN_AFTER = timedelta(days=1)
# Where the account logged in before, a flood of guesses from elsewhere does not lock it out.
ADDRESS_TRUSTED_FOR = timedelta(days=30)
