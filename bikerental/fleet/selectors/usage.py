"""Whether a row is in use."""

from django.db.models import Model


def is_referenced(row: Model) -> bool:
    """Whether any row, of this app or of one above, refers to it. A statement for each kind at most."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
        for relation in row._meta.related_objects
    )
