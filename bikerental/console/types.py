"""Plain values of the console."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from bikerental.console.constants import ActionKind


@dataclass(frozen=True)
class Act:
    """What an operator does, for the log. The key is that of the form, so that a form sent twice acts once."""

    key: UUID
    operator_id: UUID
    kind: ActionKind
    now: datetime
    reason: str = ""
    # Ids of what it concerns, by the name of the log's column, such as `bike_id`.
    concerns: Mapping[str, UUID | None] = field(default_factory=dict)
    # Further values as JSON, such as an amount. No personal data.
    details: Mapping[str, Any] = field(default_factory=dict)
