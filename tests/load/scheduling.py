"""The cores are shared among processes, as in a container, and not among sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compose.bare.progress import say

SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")


@contextmanager
def without_groups_of_sessions() -> Iterator[None]:
    """Switch the kernel's autogroup off until the end, if we may. It counts for processes that start meanwhile.

    With it Linux shares the cores among sessions outside containers. Each process of PostgreSQL begins a session; on
    full cores such a process may be ready for seconds before it runs (docs/operations/performance.md).
    """
    if not SWITCH.exists() or SWITCH.read_text().strip() == "0":
        yield
        return
    try:
        SWITCH.write_text("0")
    except OSError:
        say("  kernel.sched_autogroup_enabled is 1: outside a container, requests may wait for seconds. Only root can")
        say("  change it: sudo sysctl kernel.sched_autogroup_enabled=0")
        yield
        return
    say("  kernel.sched_autogroup_enabled is 0 until the end: the cores are shared as in a container")
    try:
        yield
    finally:
        SWITCH.write_text("1")
