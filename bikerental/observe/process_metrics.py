"""The processor time, memory and files of all processes of a service: of the web, or of a worker with its children."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
# Positions of fields in /proc/PID/stat. They are counted after the name, which may contain spaces.
GROUP, TIMES, THREADS, PAGES = 2, slice(11, 15), 17, 21


class Usage(NamedTuple):
    seconds: float
    threads: int
    bytes: int
    files: int


class ProcessesCollector(Collector):
    """The processes of our process group. The time of children that have ended is in their parent's."""

    def collect(self) -> Iterable[Metric]:
        used = [each for each in map(_usage, Path("/proc").iterdir()) if each]
        seconds = sum(each.seconds for each in used)
        yield GaugeMetricFamily("bikerental_processes", "Processes.", len(used))
        yield CounterMetricFamily("bikerental_processes_cpu_seconds", "Processor time.", value=seconds)
        yield GaugeMetricFamily("bikerental_processes_threads", "Threads.", sum(each.threads for each in used))
        yield GaugeMetricFamily(
            "bikerental_processes_resident_bytes",
            "Memory, shared parts too.",
            sum(each.bytes for each in used),
        )
        yield GaugeMetricFamily("bikerental_processes_open_files", "Open files.", sum(each.files for each in used))


def _usage(folder: Path) -> Usage | None:
    """Of the process with this folder in /proc; None if it is not in our process group."""
    if not folder.name.isdecimal():
        return None
    with suppress(OSError, ValueError, IndexError):  # it has just ended, or is another user's
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        if int(fields[GROUP]) == os.getpgrp():
            return Usage(
                seconds=sum(map(int, fields[TIMES])) / TICKS,
                threads=int(fields[THREADS]),
                bytes=int(fields[PAGES]) * PAGE_BYTES,
                files=len(list((folder / "fd").iterdir())),
            )
    return None
