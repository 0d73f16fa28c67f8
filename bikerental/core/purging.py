"""Forgetting rows past their time."""

from django.db.models import QuerySet

# One DELETE takes this many rows: a purge after a long pause stays under the statement timeout.
PURGE_BATCH = 5000


def rows_purge(rows: QuerySet) -> int:  # type: ignore[type-arg] # of any model
    """Delete the rows, a batch to a statement: after a long pause each still ends before its timeout."""
    purged = 0
    while True:
        count: int = rows.model._default_manager.filter(pk__in=rows.values("pk")[:PURGE_BATCH]).delete()[0]
        purged += count
        if count < PURGE_BATCH:
            return purged
