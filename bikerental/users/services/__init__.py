from bikerental.users.services.accounts import (
    password_change,
    profile_update,
    user_erase,
    user_register,
)
from bikerental.users.services.guessing import guess_counters_purge
from bikerental.users.services.sessions import (
    credentials_check,
    session_end,
    session_refresh,
    session_start,
    sessions_end,
    sessions_purge,
)

__all__ = [
    "credentials_check",
    "guess_counters_purge",
    "password_change",
    "profile_update",
    "session_end",
    "session_refresh",
    "session_start",
    "sessions_end",
    "sessions_purge",
    "user_erase",
    "user_register",
]
