"""Sentry without personal data."""

import random
from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.consts import OP
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from bikerental.core.context import request_id_var
from bikerental.core.errors import Refusal
from bikerental.observe.redaction import redacted

PERSONAL_KEYS = [
    "email", "e-mail", "name", "first_name", "last_name", "phone", "recipient", "to",
    "access", "refresh", "token", "authorization", "current_password", "new_password",
    "latitude", "longitude", "lat", "lon", "bbox", "location", "idempotency-key",
]  # fmt: skip


def before_send(event: Any, hint: dict[str, Any]) -> Any:
    """Drop refusals, which are not bugs, and remove bodies, headers, queries and users. Also for traces."""
    error = (hint.get("exc_info") or (None, None, None))[1]
    if isinstance(error, Refusal):
        return None
    request = event.get("request", {})
    for part in ("data", "headers", "cookies", "query_string", "env"):
        request.pop(part, None)
    if "user" in event:
        event["user"] = {"id": event["user"].get("id")}
    if request_id := request_id_var.get():
        event.setdefault("tags", {})["request_id"] = request_id
    return redacted(event)


def traces_sampler(rate: float) -> Callable[[dict[str, Any]], float]:
    """The share of traces to send. Only a task follows its sender: a client's headers could have every trace sent."""

    def sample(context: dict[str, Any]) -> float:
        if context["transaction_context"].get("op") == OP.QUEUE_TASK_CELERY and context["parent_sampled"] is not None:
            return float(context["parent_sampled"])
        # A random number of our own: the one that the SDK uses may come with the request.
        return float(random.random() < rate)  # noqa: S311 - guards nothing

    return sample


def sentry_init(*, dsn: str, release: str, environment: str, traces_sample_rate: float, **options: Any) -> None:
    # Errors that anybody can cause are only counted (observe/provoked.py): they would use up Sentry's quota.
    ignore_logger("django.security.*")
    ignore_logger("opentelemetry.*")  # a collector that is away
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=environment,
        traces_sampler=traces_sampler(traces_sample_rate),
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, *PERSONAL_KEYS], recursive=True),
        before_send=before_send,
        before_send_transaction=before_send,
        integrations=[DjangoIntegration(), CeleryIntegration(monitor_beat_tasks=True), LoggingIntegration()],
        **options,
    )
