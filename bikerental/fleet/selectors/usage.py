"""Whether a row is in use."""

from django.db.models import Model


def is_referenced(row: Model) -> bool:
    """Whether any row, of this app or one above, refers to it. At most one statement for each foreign key."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
        for relation in row._meta.related_objects
    )
