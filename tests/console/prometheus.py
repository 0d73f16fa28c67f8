"""A fake of Prometheus's HTTP API, with the answers that a test chooses."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bikerental.observe.prometheus_answers import ALERTS_MAX
from tests.support.serving import serving

Answer = Callable[[BaseHTTPRequestHandler], None]
ALERT: dict[str, Any] = {
    "state": "firing",
    "activeAt": "2026-11-28T18:31:25.5Z",
    "labels": {"alertname": "QueueOld", "severity": "page", "queue": "settling"},
    "annotations": {"summary": "The oldest message of queue <b>settling</b> waits for more than two minutes."},
}
ALERT_OF_ANOTHER_HOST = ALERT | {"labels": {**ALERT["labels"], "host": "host-b"}}
PENDING = {"state": "pending", "activeAt": "", "labels": {"alertname": "LatencyHigh"}, "annotations": {}}
FIGURES = {"requests": "12.34", "errors": "0.031", "median": "0.0125", "slowest": "NaN", "certificate": "5184000"}


def say(handler: BaseHTTPRequestHandler, data: Any, status: int = 200, **headers: str) -> None:
    body = json.dumps({"status": "success", "data": data}).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def firing(handler: BaseHTTPRequestHandler) -> None:
    if "/api/v1/alerts" in handler.path:
        return say(handler, {"alerts": [*[PENDING] * ALERTS_MAX, ALERT, ALERT_OF_ANOTHER_HOST]})
    found = [{"metric": {"figure": name}, "value": [0, value]} for name, value in FIGURES.items()]
    return say(handler, {"result": [*found, {"metric": {"figure": "down", "job": "redis"}, "value": [0, "1"]}]})


def quiet(handler: BaseHTTPRequestHandler) -> None:
    say(handler, {"alerts": [], "result": []})


@contextmanager
def prometheus(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Yields its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}", asked
