"""Reads Prometheus for the operators' page: the firing alerts, and figures of the last minutes.

It only calls the configured address, and follows no redirect.
"""

import json
import math
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import urllib3
from django.conf import settings
from django.utils.dateparse import parse_datetime

from bikerental.observe.background import BackgroundCall, NoResultError

ANSWER_SECONDS = 2.0
SOCKET_TIMEOUT = urllib3.Timeout(connect=1.0, read=1.5)
ANSWER_BYTES_MAX = 1 << 20
TEXT_LENGTH = 300
ALERTS_MAX = 50
REQUESTS = "bikerental_http_request_seconds"
API = 'route=~"api/v1/.*"'
# Each is evaluated against the running stack by a test. A figure without a label has the label "".
EXPRESSIONS = {
    "requests": f"sum(rate({REQUESTS}_count[5m]))",
    "errors": f'(sum(rate({REQUESTS}_count{{status=~"5.."}}[5m])) or vector(0)) / sum(rate({REQUESTS}_count[5m]))',
    "median": f"histogram_quantile(0.5, sum by (le) (rate({REQUESTS}_bucket{{{API}}}[5m])))",
    "slowest": f"histogram_quantile(0.99, sum by (le) (rate({REQUESTS}_bucket{{{API}}}[5m])))",
    "certificate": 'min(probe_ssl_earliest_cert_expiry{job="outside", domain!="localhost"}) - time()',
    "outside": 'min(probe_success{job="outside"})',
    "down": "count by (job) (up == 0)",
}
LABELS = {"down": "job"}

_http = urllib3.PoolManager(num_pools=1, maxsize=2, retries=False, timeout=SOCKET_TIMEOUT)


class Alert(NamedTuple):
    name: str
    summary: str
    severity: str
    since: datetime | None


class Answers(NamedTuple):
    """`figures` by the name of the expression, then by the value of its label, without those that are not known."""

    alerts: list[Alert]
    figures: dict[str, dict[str, float]]

    def figure(self, name: str) -> float | None:
        return self.figures.get(name, {}).get("")


_running: BackgroundCall[Answers | None] | None = None
_running_lock = threading.Lock()


def prometheus_answers() -> Answers | None:
    """None if Prometheus does not answer in time, or not as Prometheus does. While a call hangs, no other is made."""
    global _running  # noqa: PLW0603 - one call at a time in a process
    deadline = time.monotonic() + ANSWER_SECONDS
    with _running_lock:
        if _running is None or not _running.is_running:
            _running = BackgroundCall(_read)
        call = _running
    try:
        return call.result_before(deadline)
    except NoResultError:
        return None


def _read() -> Answers | None:
    try:
        return Answers(_alerts(_get("alerts")["alerts"]), _figures(_get("query", query=_query())["result"]))
    except (urllib3.exceptions.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return None  # unreachable, or not Prometheus


def _query() -> str:
    """All expressions in one request: `or` keeps them apart by a label that names them."""
    return " or ".join(
        f'label_replace({expression}, "figure", "{name}", "", "")' for name, expression in EXPRESSIONS.items()
    )


def _get(path: str, **fields: str) -> Any:
    """:raises ValueError: if the response is an error, too long or too slow"""
    address = f"{settings.PROMETHEUS_URL.rstrip('/')}/api/v1/{path}"
    deadline = time.monotonic() + ANSWER_SECONDS
    body = b""
    with _http.request("GET", address, fields=fields, redirect=False, preload_content=False) as response:
        if response.status != 200:
            raise ValueError(response.status)
        while chunk := response.read(64 * 1024):
            body += chunk
            if len(body) > ANSWER_BYTES_MAX or time.monotonic() > deadline:
                raise ValueError
    return json.loads(body)["data"]


def _alerts(found: list[Mapping[str, Any]]) -> list[Alert]:
    """Several hosts report the same alert. List it once."""
    firing = [_alert(each) for each in found if each["state"] == "firing"]
    alerts = {(alert.name, alert.summary): alert for alert in firing}
    return sorted(alerts.values(), key=lambda alert: (alert.severity != "page", alert.name))[:ALERTS_MAX]


def _alert(found: Mapping[str, Any]) -> Alert:
    labels, notes = found["labels"], found["annotations"]
    return Alert(
        name=str(labels["alertname"])[:TEXT_LENGTH],
        summary=str(notes.get("summary", ""))[:TEXT_LENGTH],
        severity=str(labels.get("severity", "")),
        since=parse_datetime(str(found.get("activeAt", ""))),
    )


def _figures(found: list[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for each in found:
        name, value = each["metric"]["figure"], float(each["value"][1])
        if math.isfinite(value):
            label = str(each["metric"].get(LABELS.get(name, ""), ""))[:TEXT_LENGTH]
            figures.setdefault(name, {})[label] = value
    return figures
