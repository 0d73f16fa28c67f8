"""The metrics of queues and heartbeats."""

from bikerental.observe.heartbeat import heartbeat_ages
from bikerental.observe.prometheus import Source
from bikerental.observe.queues import queue_metrics

METRICS = (
    Source("queues", queue_metrics, label="queue"),
    Source("heartbeats", lambda: {"bikerental_heartbeat_age_seconds": heartbeat_ages()}, label="name"),
)
