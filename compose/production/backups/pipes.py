"""Joins PostgreSQL's own tools and GnuPG by pipes, so that no unencrypted dump is ever on a disk."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

PassedFiles = tuple[int, ...]


class PipeError(Exception):
    """A program of a pipe failed. Its reason is on standard error."""


def gpg(*arguments: str, passphrase: str) -> tuple[list[str], int]:
    """The command, and the descriptor that gives it the passphrase. Other processes could read an argument."""
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode())
    os.close(writing)
    options = ["--batch", "--quiet", "--no-symkey-cache", "--pinentry-mode", "loopback", "--passphrase-fd"]
    return ["gpg", *options, str(reading), *arguments], reading


def run_pipe(
    first: Sequence[str],
    second: Sequence[str],
    *,
    source: IO[bytes] | None = None,
    target: IO[bytes] | None = None,
    environment: dict[str, str],
    passed: PassedFiles = (),
) -> None:
    """Run `first <source | second >target`.

    :raises PipeError: if either program fails
    """
    with gpg_home() as home:
        common: dict[str, Any] = {"env": environment | {"GNUPGHOME": home}, "pass_fds": passed}
        producer = subprocess.Popen(first, stdin=source or subprocess.DEVNULL, stdout=subprocess.PIPE, **common)
        try:
            consumer = subprocess.Popen(second, stdin=producer.stdout, stdout=target or subprocess.DEVNULL, **common)
            if producer.stdout:
                # Only the second program keeps this end, so the first one notices when the second dies.
                producer.stdout.close()
            try:
                second_code = consumer.wait()
            finally:
                end(consumer)
            first_code = producer.wait()
        finally:
            end(producer)
            for descriptor in passed:
                os.close(descriptor)
    if first_code or second_code:
        raise PipeError(f"{first[0]} ended with {first_code}, {second[0]} with {second_code}.")


def end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


@contextmanager
def gpg_home() -> Iterator[str]:
    # When its folder disappears, GnuPG's agent ends by itself.
    with tempfile.TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as home:
        yield home
