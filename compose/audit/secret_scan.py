"""Searches everything that was ever committed for secrets: a later commit does not remove them from the history.

`python -m compose.audit.secret_scan` reads the history up to HEAD, `... FILE ...` the files as they are now.
`.secrets.baseline` lists the accepted findings, which are not secret: a value's hash, its kind and its file.
"""

import argparse
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

from compose.bare.progress import UserError

BASELINE = ".secrets.baseline"
# A comment beside a secret must not hide it.
ALLOWING_COMMENTS = "detect_secrets.filters.allowlist.is_line_allowlisted"
# `password = "..."` is ignored in tests, which have many passwords that protect nothing. Keys and tokens are searched
# for there too.
PASSWORDS = "Secret Keyword"
MADE_UP = "tests/"
GIT_SECONDS = 300
ADVICE = (
    "A real secret is now public: first replace it wherever it is used, then remove it here.",
    "If all are invented: `python -m compose.audit.secret_scan --accept`, with FILE ... for files not yet committed.",
)


class Found(NamedTuple):
    digest: str
    kind: str
    path: str
    line: int = 0  # in the file; 0 in a history, where a line has no number

    @property
    def known_as(self) -> str:
        return f"{self.digest} {self.kind.replace(' ', '_')} {self.path}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}" if self.line else f"{self.path}: {self.kind}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m compose.audit.secret_scan", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="scan these files instead of the history")
    parser.add_argument("--accept", action="store_true", help="add all findings to the baseline as not secret")
    arguments = parser.parse_args()
    try:
        found = in_files(arguments.files) if arguments.files else in_history()
        return accept(found) if arguments.accept else report(found)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def in_files(names: Iterable[str]) -> list[Found]:
    with default_settings() as settings:
        settings.disable_filters(ALLOWING_COMMENTS)
        found = [_found(secret, name) for name in names for secret in scan_file(name)]
    return [each for each in found if each.kind != PASSWORDS or not each.path.startswith(MADE_UP)]


def in_history() -> list[Found]:
    """Every line that a commit up to HEAD added, once for each file."""
    if _git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise UserError("The clone is shallow. Run `git fetch --unshallow`; in a job, set GIT_DEPTH: 0.")
    lines: dict[str, dict[str, None]] = defaultdict(dict)
    for path, line in added_lines():
        lines[path][line] = None
    with TemporaryDirectory() as folder, chdir(folder):
        for path, unique in lines.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text("\n".join(unique), encoding="utf-8")
        return [found._replace(line=0) for found in in_files(lines)]


def added_lines() -> Iterator[tuple[str, str]]:
    path, is_header = "", True
    patches = ("log", "-p", "-m", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    for line in _git("-c", "core.quotepath=off", *patches, "--format=", "HEAD").split("\n"):
        if line.startswith("diff --git "):
            is_header = True
        elif line.startswith("@@ "):
            is_header = False
        elif is_header and line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").rstrip("\t")
        elif not is_header and line.startswith("+"):
            yield path, line[1:]


def report(found: list[Found]) -> int:
    lines = unknown(found)
    print("".join(f"{line}\n" for line in lines), end="")
    return int(bool(lines))


def unknown(found: list[Found]) -> list[str]:
    """The findings that are not in the baseline, and what to do about them. Empty if there are none."""
    known = set(baseline())
    new = [str(each) for each in dict.fromkeys(found) if each.known_as not in known]
    return [*dict.fromkeys(new), *ADVICE] if new else []


def accept(found: list[Found]) -> int:
    lines = sorted({*baseline(), *(each.known_as for each in found)}, key=lambda line: line.split(" ", 2)[::-1])
    Path(BASELINE).write_text("".join(f"{line}\n" for line in lines))
    return 0


def baseline() -> list[str]:
    path = Path(BASELINE)
    return path.read_text().splitlines() if path.exists() else []


def _found(secret: object, name: str) -> Found:
    values = [getattr(secret, field) for field in ("secret_hash", "type", "line_number")]
    return Found(values[0], values[1], os.path.normpath(name), values[2])


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    finished = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False)
    if finished.returncode:
        raise UserError(finished.stderr.decode(errors="replace"))
    return finished.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
