"""The ids of the request or task that is being handled, for logs, Sentry, traces and the tasks that it enqueues."""

import re
import uuid
from contextvars import ContextVar

request_id_var: ContextVar[str] = ContextVar("request_id", default="")
# The span of the request or the task, as W3C's `traceparent`. Empty while OpenTelemetry is off.
traceparent_var: ContextVar[str] = ContextVar("traceparent", default="")

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def request_id_accept(sent: str | None) -> str:
    """The client's request id if it is well-formed, else a new one."""
    if sent is not None and _SANE_REQUEST_ID.fullmatch(sent):
        return sent
    return uuid.uuid4().hex
