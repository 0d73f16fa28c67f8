"""What two documents have in common: the names and types."""

from typing import Any


def shape(value: Any) -> Any:
    """The names and types. Of a list of rows, the first row."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__
