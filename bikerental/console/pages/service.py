"""The page that an operator on call opens first. Its script loads it again while somebody looks at it."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import (
    CERTIFICATE_DAYS,
    CONNECTIONS_SHARE,
    DISK_SHARE,
    ERRORS_SHARE,
    QUEUE_SECONDS,
    SLOW_SECONDS,
)
from bikerental.console.pages.base import Page
from bikerental.console.pages.heartbeats import beats_shown
from bikerental.console.selectors.service import Service, service

CHECKS = {"database": _("Database"), "broker": _("Redis, for tasks"), "migrations": _("Migrations")}


class Figure(NamedTuple):
    """A number of the page. The value is None if it is not known."""

    label: Any
    value: float | None
    unit: str  # the template's words for it
    is_bad: bool = False
    hint: Any = ""


class Check(NamedTuple):
    label: Promise
    is_good: bool


class ServicePage(Page):
    permission = "console.open_service"
    section = "service"
    template = "console/service.html"
    title = _("Service")

    def get(self, request: HttpRequest) -> HttpResponse:
        found = service(now=timezone.now())
        return self.show(
            {
                "service": found,
                "checks": _checks(found),
                "beats": beats_shown(found.heartbeats, found.now),
                "traffic": _traffic(found),
                "stores": _stores(found),
                "queue_seconds": QUEUE_SECONDS,
                "down": sorted(found.answers.figures.get("down", {})) if found.answers else [],
            }
        )


def _checks(found: Service) -> list[Check]:
    checks = [Check(label, found.own.checks[name]) for name, label in CHECKS.items()]
    outside = found.answers.figure("outside") if found.answers else None
    return checks if outside is None else [*checks, Check(_("From outside, by TLS"), outside == 1)]


def _traffic(found: Service) -> list[Figure]:
    if found.answers:
        figure = found.answers.figure
        errors, slowest = figure("errors"), figure("slowest")
        return [
            Figure(_("Requests a second"), figure("requests"), "decimal"),
            Figure(_("Answers that are errors of ours"), errors, "share", _over(errors, ERRORS_SHARE)),
            Figure(_("Half of the API's requests take at most"), figure("median"), "seconds"),
            Figure(_("99 of 100 take at most"), slowest, "seconds", _over(slowest, SLOW_SECONDS)),
        ]
    own = found.own.requests
    errors = own.errors / own.total if own.total else None
    return [
        Figure(_("Requests"), own.total, "number"),
        Figure(_("Answers that are errors of ours"), errors, "share", _over(errors, ERRORS_SHARE)),
        Figure(_("Half of the API's requests take at most"), own.median_seconds, "seconds"),
        Figure(_("99 of 100 take at most"), own.slowest_seconds, "seconds", _over(own.slowest_seconds, SLOW_SECONDS)),
    ]


def _stores(found: Service) -> list[Figure]:
    database, disk = found.own.database, found.own.disk
    used = database.connections / database.connections_max if database else None
    free = disk.free_bytes / disk.total_bytes if disk else None
    certificate = found.answers.figure("certificate") if found.answers else None
    days = None if certificate is None else certificate / timedelta(days=1).total_seconds()
    return [
        Figure(_("Size of the database"), database and database.size_bytes, "bytes"),
        Figure(_("Connections to the database that are taken"), used, "share", _over(used, CONNECTIONS_SHARE)),
        Figure(_("Disk that is free"), free, "share", free is not None and free < DISK_SHARE),
        Figure(
            _("Days until the certificate ends"), days, "decimal", days is not None and days < CERTIFICATE_DAYS,
            _("Caddy renews it by itself."),
        ),
    ]  # fmt: skip


def _over(value: float | None, limit: float) -> bool:
    return value is not None and value > limit
