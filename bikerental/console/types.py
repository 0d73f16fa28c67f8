"""Plain values of the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from bikerental.console.constants import ActionKind


@dataclass(frozen=True)
class NewAction:
    """An action of an operator, for the log. The key is that of the form: a form sent twice takes effect once."""

    key: UUID
    operator_id: UUID
    kind: ActionKind
    now: datetime
    reason: str = ""
    # Ids of what it concerns, by the name of the log's column, such as `bike_id`.
    concerns: Mapping[str, UUID | None] = field(default_factory=dict)
    # Further values as JSON, such as an amount. No personal data.
    details: Mapping[str, Any] = field(default_factory=dict)


class Fault(NamedTuple):
    """What is wrong with a file, in words. Without a line: with the whole file."""

    text: str
    line: int | None = None
    column: str = ""


class Line(NamedTuple):
    """A line of a table. `number` is that of the file, as an editor shows it."""

    number: int
    cells: Sequence[str]


class Table(NamedTuple):
    columns: Sequence[str]
    lines: Sequence[Line]
    faults: Sequence[Fault] = ()


class FleetFiles(NamedTuple):
    """The bytes of the files, as they were sent; None where there is none."""

    stations: bytes | None = None
    bikes: bytes | None = None


class FileChecked(NamedTuple):
    """What writing the file would do, by the number of its lines. `kept`: bikes that stay where they are, because they
    are ridden, reserved or retired."""

    faults: Sequence[Fault] = ()
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    wanted: Sequence[Any] = ()


class FleetChecked(NamedTuple):
    """Bikes are not checked while the stations have faults."""

    stations: FileChecked | None = None
    bikes: FileChecked | None = None

    @property
    def has_effect(self) -> bool:
        return any(file is not None and file.added + file.changed for file in self)

    @property
    def has_faults(self) -> bool:
        return any(file is not None and file.faults for file in self)
