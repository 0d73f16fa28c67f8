"""The lengths and ages of the broker's queues."""

import json
import time
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from bikerental.core.work.tracing import SENT_AT

SOCKET_SECONDS = 1.0


def queue_metrics() -> dict[str, dict[str, float]]:
    """By queue, the messages that no worker has taken yet and the age of the oldest, in seconds.

    :raises redis.RedisError: if the broker is unreachable
    """
    names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    with redis.Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as broker:
        pipeline = broker.pipeline(transaction=False)
        for name in names:
            pipeline.llen(name).lindex(name, -1)  # kombu adds on the left and takes from the right
        answers = pipeline.execute()
    now = time.time()
    return {
        "bikerental_queue_messages": dict(zip(names, map(float, answers[0::2]), strict=True)),
        "bikerental_queue_age_seconds": {
            name: _age(oldest, now) for name, oldest in zip(names, answers[1::2], strict=True)
        },
    }


def _age(message: bytes | None, now: float) -> float:
    if message is None:
        return 0.0
    headers: dict[str, Any] = json.loads(message)["headers"]
    # An older release sent messages without this header.
    sent_at: float = headers.get(SENT_AT, now)
    return max(0.0, now - sent_at)
