"""The sections that an app adds to the export of an account: `EXPORTED` in its `erasure.py`."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.request import Request

Pages = Iterator[list[Any]]


class ExportSection(NamedTuple):
    """A member of the document.

    :param output: its declared shape; with `many=True` for a list
    :param read: returns the caller's data, ready for JSON, in the caller's language. For a list it returns an iterator
        of pages, so that only one page is in memory
    """

    name: str
    output: serializers.BaseSerializer[Any]
    read: Callable[[Request, datetime], Any]

    @property
    def is_list(self) -> bool:
        return isinstance(self.output, serializers.ListSerializer)
