"""Runs wrk and reads its results."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from compose.bare.progress import UserError, say

SCRIPTS = Path(__file__).with_name("wrk")
CONNECTIONS = 16
RESULT = re.compile(r"^RESULT (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Round:
    """One short run. Times are in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    bytes_each: float
    failures: str


def require_wrk() -> None:
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("  wrk is missing: installing it with apt-get")
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "wrk"], check=False, timeout=300)
    if not shutil.which("wrk"):
        raise UserError("The benchmark needs wrk: install it with `apt-get install wrk` or `brew install wrk`.")


def wrk(url: str, script: str, *, seconds: float, folder: Path, environment: dict[str, str]) -> Round:
    """Answers a second; for pairs.lua, pairs a second."""
    duration = max(1, round(seconds))
    command = ["wrk", f"-t{CONNECTIONS}", f"-c{CONNECTIONS}", f"-d{duration}s", "--timeout", "10s"]
    variables = {"BENCH_FOLDER": folder, "BENCH_SCRIPTS": SCRIPTS, "BENCH_CONNECTIONS": CONNECTIONS}
    finished = subprocess.run(
        [*command, "-s", str(SCRIPTS / script), url],
        env=os.environ | environment | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        timeout=duration + 60,
        check=False,
    )
    match = RESULT.search(finished.stdout)
    if match is None:
        raise UserError(f"wrk told nothing:\n{finished.stdout}{finished.stderr}")
    return _round(dict(word.split("=", 1) for word in match[1].split()), is_pairs=script == "pairs.lua")


def _round(values: dict[str, str], *, is_pairs: bool) -> Round:
    requests, seconds = int(values["requests"]), float(values["seconds"])
    counts = {"sockets": values["socket"], "not 2xx": values["failed"]}
    failures = [f"{name} {count}" for name, count in counts.items() if count != "0"]
    return Round(
        rate=(int(values["pairs"]) if is_pairs else requests) / seconds,
        p50=float(values["p50"]),
        p95=float(values["p95"]),
        p99=float(values["p99"]),
        bytes_each=int(values["bytes"]) / max(1, requests),
        failures=", ".join(failures) + (f" ({values['odd']})" if values["odd"] else ""),
    )
