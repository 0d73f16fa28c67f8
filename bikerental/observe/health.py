"""The health endpoints: whether the process is alive, and whether it can serve requests."""

import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bikerental.http.problems import problem
from bikerental.http.renderers import PROBLEM_TYPE
from bikerental.observe.background import BackgroundCall, NoResultError
from bikerental.observe.readiness import CHECKS

CHECK_SECONDS = 2.5


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is checked."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Database and broker accept writes, and migrations are applied: 200, or 503 with the names of failed checks."""
    deadline = time.monotonic() + CHECK_SECONDS
    running = {name: _running_check(name, check) for name, check in CHECKS.items()}
    checks = {name: _passes_before(deadline, check) for name, check in running.items()}
    failed = sorted(name for name, passes in checks.items() if not passes)
    if not failed:
        return JsonResponse({"status": "ok", "checks": dict.fromkeys(checks, "ok")})
    document = problem(503, "unavailable", _("Not ready: %(names)s.") % {"names": ", ".join(failed)})
    document["checks"] = {name: "ok" if passes else "failed" for name, passes in checks.items()}
    return JsonResponse(document, status=503, content_type=PROBLEM_TYPE, headers={"Retry-After": "2"})


_running: dict[str, BackgroundCall[bool]] = {}
_running_lock = threading.Lock()


def _running_check(name: str, check: Callable[[], bool]) -> BackgroundCall[bool]:
    """The check that runs now, or a new one. Requests at the same time share one connection and one write."""
    with _running_lock:
        if name not in _running or not _running[name].is_running:
            _running[name] = BackgroundCall(check)
        return _running[name]


def _passes_before(deadline: float, check: BackgroundCall[bool]) -> bool:
    try:
        return check.result_before(deadline)
    except NoResultError:
        return False
