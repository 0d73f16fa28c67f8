"""Plain values of the media app."""

from typing import NamedTuple


class UploadForm(NamedTuple):
    """Send it as multipart/form-data: the fields first, then `file`."""

    url: str
    fields: dict[str, str]
