"""What strangers can provoke at will is counted and told in a line. Sentry hears nothing of it."""

import logging

from prometheus_client import Counter

PROVOKED = Counter("bikerental_http_provoked", "Requests that Django found suspicious, by its reason.", ["reason"])


class ProvokedFilter(logging.Filter):
    """For the handler of `django.security`, whose loggers are named by the reason: DisallowedHost, csrf."""

    def filter(self, record: logging.LogRecord) -> bool:
        # The names of Django's own exceptions: few, and none of them a stranger's choice.
        PROVOKED.labels(record.name.rpartition(".")[2]).inc()
        # A line each is enough: a trace and the request would let anybody flush the log.
        record.exc_info = record.exc_text = None
        record.__dict__.pop("request", None)
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
