"""Spans of OpenTelemetry: one for each request, and one for each task, connected with the requests that caused it.

Imported only if OTEL_EXPORTER_OTLP_ENDPOINT is set. A span says what a line of `access.py` says, without the user: no
path, query, header, address, statement or error message.
"""

from collections.abc import Callable
from functools import cache
from multiprocessing.util import Finalize
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun, worker_process_shutdown
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from bikerental.core.context import request_id_var, traceparent_var
from bikerental.core.work.enqueueing import BATCH_SIZE
from bikerental.observe.middleware import KNOWN_METHODS, Closing

END_SECONDS = 3.0  # for the last spans of a process, also if the collector does not answer
REQUEST_ID = "bikerental.request_id"

_w3c = TraceContextTextMapPropagator()
_running: dict[str, Span] = {}  # of this process's tasks, by the task's id


@cache
def tracer() -> Tracer:
    """The first call starts the thread that sends. So it must come after the fork that made the process."""
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces",
        headers=parse_env_headers(settings.OTEL_EXPORTER_OTLP_HEADERS, liberal=True),
    )
    processor = BatchSpanProcessor(exporter)
    resource = Resource.create(
        {
            "service.name": settings.OTEL_SERVICE_NAME,
            "service.version": settings.RELEASE,
            "deployment.environment.name": settings.ENVIRONMENT,
        }
    )
    sampler = ParentBased(RootSampler(settings.TRACED_SHARE))
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)

    def end(**_signal: Any) -> None:
        # The public method takes no time, and waits for 30 s.
        processor._batch_processor.shutdown(timeout_millis=int(END_SECONDS * 1000))

    Finalize(None, end, exitpriority=0)  # as the web server's processes end: see core/work/enqueueing.py
    worker_process_shutdown.connect(end, weak=False)  # as the pool's do
    return provider.get_tracer("bikerental")


class RootSampler(Sampler):
    """Decides for what has no parent: a share, and each task that serves several traced requests."""

    def __init__(self, share: float) -> None:
        self._share = TraceIdRatioBased(share)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        sampler = ALWAYS_ON if links else self._share
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        return f"RootSampler{{{self._share.rate}}}"


class TraceMiddleware:
    """A span for each request. A client's `traceparent` is not read: it could have every request traced."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._tracer = tracer()

    def __call__(self, request: HttpRequest) -> Any:
        method = request.method if request.method in KNOWN_METHODS else "_OTHER"
        attributes = {"http.request.method": method, REQUEST_ID: request_id_var.get()}
        span = self._tracer.start_span(method, context=Context(), kind=SpanKind.SERVER, attributes=attributes)
        token = traceparent_var.set(_traceparent_of(span))
        try:
            response: Any = self.get_response(request)  # or a stream
        finally:
            traceparent_var.reset(token)

        def end() -> None:
            _request_ends(span, request, method, response.status_code)

        if response.streaming and not isinstance(response, FileResponse):
            response.streaming_content = Closing(response.streaming_content, end)
        else:
            end()
        return response


def _request_ends(span: Span, request: HttpRequest, method: str, status: int) -> None:
    if match := request.resolver_match:
        span.update_name(f"{method} {match.route}".rstrip())
        span.set_attribute("http.route", match.route)
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)
    span.end()


def trace_tasks() -> None:
    task_prerun.connect(task_begins, dispatch_uid="traces")
    task_postrun.connect(task_ends, dispatch_uid="traces")


def task_begins(task: Task[Any, Any], task_id: str, kwargs: dict[str, Any], **_signal: Any) -> None:
    if task.request.is_eager:  # it runs inside its request
        return
    headers = task.request.headers or {}
    parent, links = _causes(headers.get("traceparents") or [])
    attributes = {
        "messaging.system": "celery",
        "messaging.operation.type": "process",
        "messaging.message.id": task_id,
        "messaging.destination.name": (task.request.delivery_info or {}).get("routing_key") or "",
        "bikerental.rows": len(kwargs.get("ids") or ()),
        REQUEST_ID: headers.get("request_id") or "",
    }
    span = tracer().start_span(task.name, context=parent, kind=SpanKind.CONSUMER, attributes=attributes, links=links)
    traceparent_var.set(_traceparent_of(span))
    _running[task_id] = span


def task_ends(task: Task[Any, Any], task_id: str, state: str | None, retval: Any, **_signal: Any) -> None:
    span = _running.pop(task_id, None)
    if span is None:
        return
    traceparent_var.set("")
    span.set_attribute("celery.state", state or "REJECTED")
    if state == "FAILURE":
        span.set_attribute("error.type", type(retval).__qualname__)
        span.set_status(StatusCode.ERROR)
    span.end()


def _causes(traceparents: list[str]) -> tuple[Context, list[Link]]:
    """The parent of a task's span, and its links.

    A message gathers rows of many requests. Those that are traced count: one is the parent, several are links, since
    a span has one parent. If none is traced, neither is the task.
    """
    contexts = [_w3c.extract({"traceparent": each}) for each in traceparents[:BATCH_SIZE]]
    traced = [each for each in contexts if _span_context_of(each).trace_flags.sampled]
    if len(traced) > 1:
        return Context(), [Link(_span_context_of(each)) for each in traced]
    return next(iter(traced or contexts), Context()), []


def _span_context_of(context: Context) -> SpanContext:
    return get_current_span(context).get_span_context()


def _traceparent_of(span: Span) -> str:
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, set_span_in_context(span))
    return carrier.get("traceparent", "")
