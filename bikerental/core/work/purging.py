"""Deletes rows that are past their retention."""

import sys
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from bikerental.core.work.batches import run_in_batches

# Rows in one DELETE, so that a purge after a long pause stays within the statement timeout.
PURGE_BATCH = 5000


def rows_purge(rows: QuerySet) -> int:  # type: ignore[type-arg] # of any model
    """Delete the rows in batches, one statement each."""

    def delete(ids: Sequence[Any]) -> int:
        count: int = rows.filter(pk__in=ids).delete()[0]
        return count

    task = f"purge {rows.model._meta.label_lower}"
    return run_in_batches(task, rows, delete, size=PURGE_BATCH, batches=sys.maxsize)
