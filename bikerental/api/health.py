"""Whether the process lives, and whether it can serve."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from bikerental.api.problems import problem
from bikerental.api.renderers import PROBLEM_TYPE

CHECK_SECONDS = 2.5
BROKER_SECONDS = 1.0


def live(request: HttpRequest) -> JsonResponse:
    """The process answers; touches nothing."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Database, broker and migrations: 200, or 503 naming what failed."""
    checks = {name: _within_time(check) for name, check in CHECKS.items()}
    failed = sorted(name for name, is_fine in checks.items() if not is_fine)
    if not failed:
        return JsonResponse({"status": "ok", "checks": dict.fromkeys(checks, "ok")})
    document = problem(503, "unavailable", _("Not ready: %(names)s.") % {"names": ", ".join(failed)})
    document["checks"] = {name: "ok" if is_fine else "failed" for name, is_fine in checks.items()}
    return JsonResponse(document, status=503, content_type=PROBLEM_TYPE, headers={"Retry-After": "2"})


def _within_time(check: Callable[[], bool]) -> bool:
    # A thread of its own: a server that hangs keeps its check waiting, not the probe.
    pool = ThreadPoolExecutor(1, thread_name_prefix="readiness")
    try:
        return pool.submit(check).result(CHECK_SECONDS)
    except FutureTimeoutError:
        return False
    finally:
        pool.shutdown(wait=False)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False
    finally:
        connection.close()


def _broker() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _migrations() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False
    finally:
        connection.close()


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "broker": _broker, "migrations": _migrations}
