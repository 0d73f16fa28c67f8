"""The state of the service: from its database and broker, and from Prometheus if one is set."""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from bikerental.observe.models import Heartbeat
from bikerental.observe.overview import Overview, overview
from bikerental.observe.prometheus_answers import Answers, prometheus_answers


class Service(NamedTuple):
    """`answers` is None without Prometheus, and when it does not answer."""

    now: datetime
    own: Overview
    heartbeats: dict[str, datetime]
    answers: Answers | None
    has_prometheus: bool


def service(*, now: datetime) -> Service:
    """One statement, and one in a thread. Redis, the workers and Prometheus are asked too, each at most for seconds."""
    has_prometheus = bool(settings.PROMETHEUS_URL)
    return Service(
        now=now,
        own=overview(),
        heartbeats=dict(Heartbeat.objects.values_list("name", "beat_at")),
        answers=prometheus_answers() if has_prometheus else None,
        has_prometheus=has_prometheus,
    )
