"""Plain values of the maintenance app."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from bikerental.media.types import UploadForm


class UploadStarted(NamedTuple):
    id: UUID
    form: UploadForm
    expires_at: datetime
