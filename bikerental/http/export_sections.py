"""What an app gives to the export of an account: `EXPORTED` in its `erasure.py`."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.request import Request

Pages = Iterator[list[Any]]


class ExportSection(NamedTuple):
    """A member of the document.

    :param output: its declared shape; with `many=True` for a list
    :param read: what is held about the caller, ready for JSON, in the caller's language: for a list an iterator
        of its pages, so that no more than a page is in memory, else the value
    """

    name: str
    output: serializers.BaseSerializer[Any]
    read: Callable[[Request, datetime], Any]

    @property
    def is_list(self) -> bool:
        return isinstance(self.output, serializers.ListSerializer)
