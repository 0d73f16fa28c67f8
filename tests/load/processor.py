"""The processor time of a service's programs."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Spent(NamedTuple):
    """Processor seconds so far. `hashes` of passwords are a part of web's."""

    web: float
    postgresql: float
    worker: float
    hashes: float

    def minus(self, other: "Spent", *, times: float = 1.0) -> "Spent":
        return Spent(*(each - times * less for each, less in zip(self, other, strict=True)))

    def divided(self, by: float) -> "Spent":
        return Spent(*(each / by for each in self))


class Costs(NamedTuple):
    """Processor milliseconds for each request. Web's are without the hashes of passwords."""

    web: float
    postgresql: float
    worker: float
    hashes: float

    @property
    def total(self) -> float:
        return self.web + self.postgresql + self.worker


def costs_each(spent: Spent, *, requests: int) -> Costs:
    each = 1000 / max(1, requests)
    return Costs(
        web=(spent.web - spent.hashes) * each,
        postgresql=spent.postgresql * each,
        worker=spent.worker * each,
        hashes=spent.hashes * each,
    )


def seconds_of(program: psutil.Process) -> float:
    """The seconds of the process, of its children, and of children that have ended."""
    seconds = 0.0
    for process in (program, *program.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def hash_seconds(folder: Path) -> float:
    return sum(float(struct.unpack("d", path.read_bytes())[0]) for path in folder.glob("[0-9]*[0-9]"))
