from bikerental.users.services.accounts import (
    accounts_close,
    accounts_reopen,
    password_change,
    password_confirm,
    password_reset,
    profile_update,
    user_erase,
    user_register,
)
from bikerental.users.services.confirming import email_confirm, email_confirm_admit, email_token_make
from bikerental.users.services.guessing import guess_counters_purge
from bikerental.users.services.resetting import password_reset_admit, password_reset_confirm, reset_token_make
from bikerental.users.services.second_factor import second_factor_enrol
from bikerental.users.services.sessions import (
    access_tokens_issue,
    credentials_check,
    session_end,
    session_refresh,
    session_start,
    sessions_end,
    sessions_purge,
)
from bikerental.users.services.tokens import access_claims, token_verify

__all__ = [
    "access_claims",
    "access_tokens_issue",
    "accounts_close",
    "accounts_reopen",
    "credentials_check",
    "email_confirm",
    "email_confirm_admit",
    "email_token_make",
    "guess_counters_purge",
    "password_change",
    "password_confirm",
    "password_reset",
    "password_reset_admit",
    "password_reset_confirm",
    "profile_update",
    "reset_token_make",
    "second_factor_enrol",
    "session_end",
    "session_refresh",
    "session_start",
    "sessions_end",
    "sessions_purge",
    "token_verify",
    "user_erase",
    "user_register",
]
