"""Work on many rows, in which one bad row does not delay the others.

A batch is one transaction. If the data of a row make it fail, the batch runs again row by row, and the
bad row is recorded as a `FailedRow`. Later batches skip it until its next attempt. The operators get
one message about it, and `manage.py reconcile` counts it.
"""

import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DataError, IntegrityError, connection
from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from bikerental.core.db.transactions import constraint_name, sqlstate, unit_of_work
from bikerental.core.models import FailedRow

logger = logging.getLogger(__name__)

# Errors that a row's data cause. Errors that may pass (OperationalError) and bugs are not among them.
ROW_ERRORS = (DataError, IntegrityError, ArithmeticError, ValueError)
RETRY_FIRST = timedelta(hours=1)
RETRY_MAX = timedelta(days=1)
RETRIES_AT_ONCE = 100

Run = Callable[[Sequence[Any]], int]  # works on the rows with these ids in one transaction; returns how many were done


def run_batch(task: str, row_ids: Sequence[Any], run: Run) -> int:
    """Run all rows at once or, if that fails, each by itself. Returns how many succeeded."""
    try:
        return run(row_ids)
    except ROW_ERRORS:
        if connection.in_atomic_block:
            raise
    return sum(run_row(task, row_id, run, failed_before=True) for row_id in row_ids)


def run_row(task: str, row_id: Any, run: Run, *, failed_before: bool) -> int:
    """Run one row. If its data make it fail, record it as a `FailedRow`. Returns 1 if it succeeded, otherwise 0.

    :param failed_before: whether it may have a record already, which a success removes. If false, a success costs no
        further statement
    """
    try:
        done = run([row_id])
    except ROW_ERRORS as error:
        if connection.in_atomic_block:
            raise
        _failure_record(task, str(row_id), _code(error), now=timezone.now())
        return 0
    if failed_before:
        failed_rows_forget(task, [row_id])
    return done


def run_in_batches(task: str, rows: QuerySet[Any], run: Run, *, size: int, batches: int = 100) -> int:
    """Run the rows in their order, batch by batch. Returns how many succeeded.

    `run` must change a row so that `rows` no longer finds it.
    """
    done = sum(run_row(task, row_id, run, failed_before=True) for row_id in _due_again(task, rows))
    for _ in range(batches):
        row_ids = list(_without_failed(task, rows)[:size])
        count = run_batch(task, row_ids, run) if row_ids else 0
        done += count
        if len(row_ids) < size or not count:  # none: another worker is doing them
            break
    return done


class DueRows(NamedTuple):
    failed_before: list[Any]
    others: list[Any]


def due_rows(task: str, rows: QuerySet[Any], *, size: int) -> DueRows:
    """The ids of the rows to work on now, for a task that works row by row.

    A row that failed before is among them when its next attempt is due. Two statements.
    """
    return DueRows(_due_again(task, rows), list(_without_failed(task, rows)[:size]))


def failed_rows_forget(task: str, row_ids: Sequence[Any]) -> None:
    """Delete the records of these rows' failures. One statement."""
    FailedRow.objects.filter(task=task, row_id__in=[str(row_id) for row_id in row_ids]).delete()


@unit_of_work
def failed_rows_retry(*, failed_row_ids: Sequence[UUID], now: datetime) -> int:
    """Let the next sweep try these rows again. Returns how many there were."""
    return FailedRow.objects.filter(pk__in=failed_row_ids).update(retry_at=now)


def _due_again(task: str, rows: QuerySet[Any]) -> list[Any]:
    due = FailedRow.objects.filter(task=task, retry_at__lte=timezone.now()).order_by("retry_at")
    return [rows.model._meta.pk.to_python(row_id) for row_id in due.values_list("row_id", flat=True)[:RETRIES_AT_ONCE]]


def _without_failed(task: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    failed = FailedRow.objects.filter(task=task, row_id=Cast(OuterRef("pk"), CharField()))
    return rows.filter(~Exists(failed)).values_list("pk", flat=True)


def _failure_record(task: str, row_id: str, code: str, *, now: datetime) -> None:
    first = {"error": code, "failed_at": now, "retry_at": now + RETRY_FIRST}
    failed, is_new = FailedRow.objects.get_or_create(task=task, row_id=row_id, defaults=first)
    if is_new:
        logger.error("%s fails on row %s, which waits while the others go on: %s", task, row_id, code)
        return
    delay = min(RETRY_MAX, RETRY_FIRST * 2 ** min(failed.failures, 10))
    FailedRow.objects.filter(pk=failed.pk).update(
        error=code, failed_at=now, retry_at=now + delay, failures=F("failures") + 1
    )


def _code(error: Exception) -> str:
    """The error's code, without any data of the row: PostgreSQL's message quotes the row."""
    if state := sqlstate(error):
        return f"{state} {constraint_name(error) or ''}".strip()[:200]
    return f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"[:200]
