"""The state of the service now, read from the database and the broker, so that it needs no Prometheus."""

import math
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from bikerental.observe.background import BackgroundCall, NoResultError
from bikerental.observe.prometheus import own_registry
from bikerental.observe.queues import queue_metrics
from bikerental.observe.readiness import CHECKS

OVERVIEW_SECONDS = 2.5
PING_SECONDS = 0.7

_DATABASE = """
    SELECT pg_database_size(current_database()), current_setting('max_connections')::integer,
           (SELECT sum(numbackends)::integer FROM pg_stat_database)
"""


class QueueState(NamedTuple):
    name: str
    messages: int
    age_seconds: float


class DatabaseState(NamedTuple):
    size_bytes: int
    connections_max: int
    connections: int


class DiskState(NamedTuple):
    free_bytes: int
    total_bytes: int


class RequestState(NamedTuple):
    """The requests since the web's processes started. The times are upper bounds."""

    total: int
    errors: int
    median_seconds: float | None
    slowest_seconds: float | None  # the 99th percentile


class Overview(NamedTuple):
    """A value is None if it could not be read in time."""

    checks: dict[str, bool]
    queues: list[QueueState] | None
    workers: list[str] | None
    database: DatabaseState | None
    disk: DiskState | None
    requests: RequestState


def overview() -> Overview:
    """Read database, broker and workers at the same time, within OVERVIEW_SECONDS."""
    deadline = time.monotonic() + OVERVIEW_SECONDS
    checks = {name: BackgroundCall(check) for name, check in CHECKS.items()}
    queues, workers, database = BackgroundCall(_queues), BackgroundCall(_workers), BackgroundCall(_database)
    return Overview(
        checks={name: bool(_result(check, deadline)) for name, check in checks.items()},
        queues=_result(queues, deadline),
        workers=_result(workers, deadline),
        database=_result(database, deadline),
        disk=_disk(),
        requests=_requests(),
    )


def _result(call: BackgroundCall[Any], deadline: float) -> Any:
    try:
        return call.result_before(deadline)
    except NoResultError:
        return None


def _queues() -> list[QueueState] | None:
    try:
        metrics = queue_metrics()
    except RedisError:
        return None
    ages = metrics["bikerental_queue_age_seconds"]
    return [QueueState(name, int(count), ages[name]) for name, count in metrics["bikerental_queue_messages"].items()]


def _workers() -> list[str] | None:
    """The names of the workers that answer. Their main process does, also while all its children work."""
    try:
        replies = current_app.control.ping(timeout=PING_SECONDS) or []
    except (OperationalError, RedisError, OSError):
        return None
    return sorted(name for reply in replies for name in reply)


def _database() -> DatabaseState | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_DATABASE)
            return DatabaseState(*cursor.fetchone())
    except DatabaseError:
        return None
    finally:
        connection.close()  # the thread's own


def _disk() -> DiskState | None:
    """The disk with the pictures. In the stacks it also has the volumes of the database and the backups."""
    try:
        usage = shutil.disk_usage(settings.MEDIA_ROOT)
    except OSError:
        return None
    return DiskState(usage.free, usage.total)


def _requests() -> RequestState:
    total, errors = 0.0, 0.0
    buckets: defaultdict[float, float] = defaultdict(float)
    for metric in own_registry().collect():
        if metric.name != "bikerental_http_request_seconds":
            continue
        for sample in metric.samples:
            if sample.name.endswith("_count"):
                total += sample.value
                errors += sample.value if sample.labels["status"].startswith("5") else 0
            elif sample.name.endswith("_bucket") and sample.labels["route"].startswith("api/v1/"):
                buckets[float(sample.labels["le"])] += sample.value
    return RequestState(int(total), int(errors), _bound(buckets, 0.5), _bound(buckets, 0.99))


def _bound(buckets: Mapping[float, float], share: float) -> float | None:
    """The upper bound of the bucket that holds this share of the requests, in seconds.

    None without requests, or if it is the last bucket, which has no bound.
    """
    wanted = share * max(buckets.values(), default=0.0)
    bound = min((bound for bound, count in buckets.items() if count >= wanted), default=math.inf)
    return bound if wanted and math.isfinite(bound) else None
