"""Other programs' processes. Some end at any moment, such as PostgreSQL's for a connection. That is no error."""

import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import psutil


def asked(process: psutil.Process, question: str) -> Any:
    """What psutil says of its "name" or "environ". None if it has ended."""
    try:
        return getattr(process, question)()
    except psutil.NoSuchProcess:
        return None


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
