"""The health endpoints: whether the process is alive, and whether it can serve requests."""

import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bikerental.http.problems import problem
from bikerental.http.renderers import PROBLEM_TYPE
from bikerental.observe.questions import NoAnswerError, Question
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
    asked = {name: _question(name, check) for name, check in CHECKS.items()}
    checks = {name: _is_fine_before(question, deadline) for name, question in asked.items()}
    failed = sorted(name for name, is_fine in checks.items() if not is_fine)
    if not failed:
        return JsonResponse({"status": "ok", "checks": dict.fromkeys(checks, "ok")})
    document = problem(503, "unavailable", _("Not ready: %(names)s.") % {"names": ", ".join(failed)})
    document["checks"] = {name: "ok" if is_fine else "failed" for name, is_fine in checks.items()}
    return JsonResponse(document, status=503, content_type=PROBLEM_TYPE, headers={"Retry-After": "2"})


_asked: dict[str, Question[bool]] = {}
_asking = threading.Lock()


def _question(name: str, check: Callable[[], bool]) -> Question[bool]:
    """The running check, or a new one. Clients that ask at the same time share one connection and one write."""
    with _asking:
        if name not in _asked or not _asked[name].is_open:
            _asked[name] = Question(check)
        return _asked[name]


def _is_fine_before(question: Question[bool], deadline: float) -> bool:
    try:
        return question.answer_before(deadline)
    except NoAnswerError:
        return False
