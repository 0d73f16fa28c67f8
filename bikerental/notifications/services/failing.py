"""Tells operators about rows whose own data make a task fail: one message for all new rows."""

from datetime import datetime

from bikerental.core.db.transactions import unit_of_work
from bikerental.core.models import FailedRow
from bikerental.notifications.constants import DELIVERING, FAILED_ROWS_NAMED
from bikerental.notifications.messages import ROWS_FAILED
from bikerental.notifications.models import Notification
from bikerental.notifications.services.creating import notification_create

REPORTED_AT_ONCE = 1000


@unit_of_work
def failed_rows_report(*, now: datetime) -> int:
    """Create one message about the rows that were not reported to the operators. Returns how many rows.

    One statement if there are none.
    """
    rows = list(FailedRow.objects.filter(told_at=None).order_by("pk")[:REPORTED_AT_ONCE])
    if not rows:
        return 0
    # If two sweeps run at once, the second waits here and finds the rows reported.
    reported = FailedRow.objects.filter(pk__in=[row.pk for row in rows], told_at=None).update(told_at=now)
    # A failed message about failed rows is not reported: that message might fail too, without end.
    messages = [row.row_id for row in rows if row.task == DELIVERING]
    own = Notification.objects.filter(kind=ROWS_FAILED.name, pk__in=messages).values_list("pk", flat=True)
    named = [row for row in rows if row.row_id not in map(str, own)]
    if reported and named:
        notification_create(
            kind=ROWS_FAILED.name,
            recipient_id=None,
            subject_id=None,
            key=f"rows_failed:{named[0].pk}",
            context={
                "count": len(named),
                "rows": [f"{row.task}: {row.row_id}: {row.error}" for row in named[:FAILED_ROWS_NAMED]],
            },
        )
    return reported
