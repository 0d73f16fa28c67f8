"""The health endpoints: whether the process is alive, and whether it can serve requests."""

import functools
import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from bikerental.http.problems import problem
from bikerental.http.renderers import PROBLEM_TYPE
from bikerental.observe.questions import NoAnswerError, Question

CHECK_SECONDS = 2.5
BROKER_SECONDS = 1.0
BROKER_KEY = "bikerental-ready"
BROKER_KEY_SECONDS = 60


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is checked."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Database and broker accept writes, and migrations are applied: 200, or 503 with the names of failed checks."""
    deadline = time.monotonic() + CHECK_SECONDS
    asked = {name: _question(name, check) for name, check in CHECKS.items()}
    checks = {name: _is_fine_before(question, deadline) for name, question in asked.items()}
    failed = sorted(name for name, is_fine in checks.items() if not is_fine)
    if not failed:
        return JsonResponse({"status": "ok", "checks": dict.fromkeys(checks, "ok")})
    document = problem(503, "unavailable", _("Not ready: %(names)s.") % {"names": ", ".join(failed)})
    document["checks"] = {name: "ok" if is_fine else "failed" for name, is_fine in checks.items()}
    return JsonResponse(document, status=503, content_type=PROBLEM_TYPE, headers={"Retry-After": "2"})


_asked: dict[str, Question[bool]] = {}
_asking = threading.Lock()


def _question(name: str, check: Callable[[], bool]) -> Question[bool]:
    """The running check, or a new one. Clients that ask at the same time share one connection and one write."""
    with _asking:
        if name not in _asked or not _asked[name].is_open:
            _asked[name] = Question(check)
        return _asked[name]


def _is_fine_before(question: Question[bool], deadline: float) -> bool:
    try:
        return question.answer_before(deadline)
    except NoAnswerError:
        return False


# Writes a message to the write-ahead log that nobody reads. It fails on a standby, and where the log has no room.
# A row would prove no more, and would have to be locked and deleted. A read-only transaction may write such a
# message too, so the query also returns whether the transaction is read-only.
_WRITE = """
    SELECT current_setting('transaction_read_only')::boolean FROM pg_logical_emit_message(true, 'bikerental.ready', '')
"""


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE)
            (is_read_only,) = cursor.fetchone()
        return not is_read_only
    except DatabaseError:
        return False
    finally:
        connection.close()


def _broker() -> bool:
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL,
            socket_timeout=BROKER_SECONDS,
            socket_connect_timeout=BROKER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the client's three retries would take longer than the probe waits
        ) as client:
            # A replica or a full Redis answers PING, but accepts no task.
            return bool(client.set(BROKER_KEY, "", ex=BROKER_KEY_SECONDS))
    except redis.RedisError:
        return False


def _migrations() -> bool:
    try:
        # Reading a hundred migration files costs more than a request. The files do not change while the
        # process runs, so the result is kept once all are applied.
        return _all_applied()
    except (DatabaseError, _NotApplied):
        return False
    finally:
        connection.close()


class _NotApplied(Exception):
    """Keeps the negative result out of the cache."""


@functools.cache
def _all_applied() -> bool:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _NotApplied
    return True


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "broker": _broker, "migrations": _migrations}
