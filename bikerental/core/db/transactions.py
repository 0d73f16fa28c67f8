"""The transaction of a service, repeated if PostgreSQL cannot finish it because of other transactions."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from psycopg2 import errorcodes

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
_AGAIN = {errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED}


class StalePlanError(OperationalError):
    """A prepared statement is no longer valid, since the schema has changed. Its connection was closed."""


def sqlstate(error: Exception) -> str | None:
    """PostgreSQL's five-character code behind a Django database error."""
    return getattr(error.__cause__, "pgcode", None)


def constraint_name(error: Exception) -> str | None:
    """The name of the violated constraint, behind a Django IntegrityError."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None)


def unit_of_work(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in one transaction.

    After a deadlock, a serialization failure or a stale plan, the whole function runs again, up to three
    times in all. Inside another unit of work the function joins that transaction, without a savepoint.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic(savepoint=False):
                return function(*args, **kwargs)
        for attempt in range(1, ATTEMPTS):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if sqlstate(error) not in _AGAIN and not isinstance(error, StalePlanError):
                    raise
                # Random, so that two that collided do not collide again.
                time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311 - not a secret
        with transaction.atomic():
            return function(*args, **kwargs)

    return wrapper
