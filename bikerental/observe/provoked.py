"""Errors that any stranger can cause are counted and logged in one line. They are not sent to Sentry."""

import logging

from prometheus_client import Counter

PROVOKED = Counter("bikerental_http_provoked", "Requests that Django found suspicious, by its reason.", ["reason"])


class ProvokedFilter(logging.Filter):
    """For the handler of `django.security`. Its loggers are named by the reason: DisallowedHost, csrf."""

    def filter(self, record: logging.LogRecord) -> bool:
        # The names of Django's own exceptions: there are few, and a stranger cannot choose them.
        PROVOKED.labels(record.name.rpartition(".")[2]).inc()
        # One line is enough: with a trace and the request, anybody could fill the log.
        record.exc_info = record.exc_text = None
        record.__dict__.pop("request", None)
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
