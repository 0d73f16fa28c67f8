"""What the service knows of itself at the moment, without Prometheus."""

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

from bikerental.observe.prometheus import own_registry
from bikerental.observe.questions import NoAnswerError, Question
from bikerental.observe.queues import queue_figures
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
    """Since web's processes started. The times are bounds: so long or less."""

    total: int
    errors: int
    median_seconds: float | None
    slowest_seconds: float | None  # of 99 in 100


class Overview(NamedTuple):
    """None is what could not be found out in time."""

    checks: dict[str, bool]
    queues: list[QueueState] | None
    workers: list[str] | None
    database: DatabaseState | None
    disk: DiskState | None
    requests: RequestState


def overview() -> Overview:
    """Asks database, broker and workers at once, in threads that end by their own timeouts."""
    deadline = time.monotonic() + OVERVIEW_SECONDS
    checks = {name: Question(check) for name, check in CHECKS.items()}
    queues, workers, database = Question(_queues), Question(_workers), Question(_database)
    return Overview(
        checks={name: bool(_answer(check, deadline)) for name, check in checks.items()},
        queues=_answer(queues, deadline),
        workers=_answer(workers, deadline),
        database=_answer(database, deadline),
        disk=_disk(),
        requests=_requests(),
    )


def _answer(question: Question[Any], deadline: float) -> Any:
    try:
        return question.answer_before(deadline)
    except NoAnswerError:
        return None


def _queues() -> list[QueueState] | None:
    try:
        figures = queue_figures()
    except RedisError:
        return None
    ages = figures["bikerental_queue_age_seconds"]
    return [QueueState(name, int(n), ages[name]) for name, n in figures["bikerental_queue_messages"].items()]


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
    """Of the volume for pictures. In the stacks the volumes of database and backups are on the same disk."""
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
    """The least bucket that holds this share of the requests. None without requests, or if it is the last bucket."""
    wanted = share * max(buckets.values(), default=0.0)
    bound = min((bound for bound, count in buckets.items() if count >= wanted), default=math.inf)
    return bound if wanted and math.isfinite(bound) else None
