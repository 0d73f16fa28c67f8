"""Reads settings from the environment. Faults are collected until all are read, so that one start reports them all."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import environ
from django.core.exceptions import ImproperlyConfigured

BOOLEANS = {*environ.Env.BOOLEAN_TRUE_STRINGS, "false", "off", "n", "no", "0", ""}
# Placeholder for an unreadable value, so that later settings are still checked.
EMPTY: dict[Any, Callable[[], Any]] = {int: int, float: float, bool: bool, list: list}


class Environment(environ.FileAwareEnv):  # type: ignore[misc] # django-environ has no types
    """A variable is read as NAME or, for a mounted secret, from the file that NAME_FILE names."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def fault(self, text: str) -> None:
        """Refuse the start with this text, which begins with the variable's name and says what to set."""
        if text not in self.faults:
            self.faults.append(text)

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **options: Any) -> Any:
        """The value of a variable; after a fault its default, or an empty value of its type."""
        fallback = EMPTY.get(cast, str)() if default is self.NOTSET else default
        try:
            return super().get_value(var, cast, default, **options)
        except ImproperlyConfigured:
            self.fault(f"{var} is missing. Set it.")
        except OSError as error:
            self.fault(f"{var}_FILE cannot be read: {error.strerror}: {error.filename}.")
        except ValueError as error:
            self.fault(f"{var} cannot be read: {error}.")
        return fallback

    @classmethod
    def parse_value(cls, value: Any, cast: Any) -> Any:
        if cast is bool and str(value).strip().lower() not in BOOLEANS:
            raise ValueError("it is neither true nor false")
        return super().parse_value(value, cast)

    def number(self, var: str, *, default: int, least: int, most: int | None = None, advice: str) -> int:
        """The number; `default` if the variable is unset or empty."""
        value: int = self.int(var, default=default) if self.str(var, default="").strip() else default
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            self.fault(f"{var} must be {bounds}. {advice}")
        return value

    def share(self, var: str, *, default: float) -> float:
        value: float = self.float(var, default=default)
        if not 0 <= value <= 1:
            self.fault(f"{var} must be a number from 0 to 1.")
        return value

    def address(self, var: str, *, example: str) -> str:
        """An address of HTTP without user, password and query; empty if unset."""
        url: str = self.str(var, default="").strip()
        if url and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?", url):
            self.fault(f"{var}={url} is not an address. Set one such as {example}, or leave it empty.")
        return url

    def uuid(self, var: str, *, default: str) -> UUID:
        text = self.str(var, default=default)
        try:
            return UUID(text)
        except ValueError:
            self.fault(f"{var} must be a UUID, such as {default}.")
            return UUID(default)

    def database(self, var: str, *, default: str) -> dict[str, Any]:
        try:
            url: dict[str, Any] = self.db_url_config(self.str(var, default=default))
        except ValueError as error:
            url, reason = {}, str(error)
        else:
            reason = "it is no postgres://USER:PASSWORD@HOST:PORT/NAME"
        if url.get("ENGINE") != "django.db.backends.postgresql":
            self.fault(f"{var} cannot be read: {reason}.")
        return url

    def require_no_fault(self) -> None:
        """:raises ImproperlyConfigured: with a line for each fault"""
        if self.faults:
            raise ImproperlyConfigured("\n".join(self.faults))


def faults_of(error: ImproperlyConfigured) -> str:
    """What a command prints in the place of a traceback."""
    lines = "\n".join(f"  {fault}" for fault in str(error).splitlines())
    return f"The settings are not sound:\n{lines}"
