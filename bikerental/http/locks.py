"""Locks the row that a form of the admin changes."""

from django.db.models import Model


def row_lock(*, row: Model) -> None:
    """Lock the row until the transaction ends. One statement."""
    rows = type(row)._base_manager.select_for_update(no_key=True, of=("self",)).filter(pk=row.pk)
    rows.values_list("pk").first()
