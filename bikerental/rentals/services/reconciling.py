"""Stores the counts of `reconciliation` for the metrics."""

import logging
from datetime import datetime

from bikerental.rentals.constants import RECONCILE_LOOK_BACK
from bikerental.rentals.models import ReconcileCount
from bikerental.rentals.reconciliation import Window, reconcile

logger = logging.getLogger(__name__)


def rentals_reconcile(*, now: datetime) -> int:
    """Count inconsistent rows of the last day, and store the counts. Returns their sum."""
    findings = reconcile(Window(now=now, since=now - RECONCILE_LOOK_BACK))
    ReconcileCount.objects.bulk_create(
        [ReconcileCount(check_name=found.check, count=found.rows, checked_at=now) for found in findings],
        update_conflicts=True,
        unique_fields=["check_name"],
        update_fields=["count", "checked_at"],
    )
    for found in findings:
        if found.rows:
            logger.error("Reconciling found %d %s: %s", found.rows, found.check, ", ".join(found.examples))
    return sum(found.rows for found in findings)
