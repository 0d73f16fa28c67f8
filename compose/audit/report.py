"""`python -m compose.audit`: known vulnerabilities, secrets in the history, and an SBOM.

pip-audit asks PyPI's vulnerability service about every pinned version. `secret_scan` reads the history. The SBOM of
the image's packages is written to reports/sbom.json, as CycloneDX.

A hotfix may have to go out with a known vulnerability. AUDIT_ACCEPT lists the ids that are accepted, and
AUDIT_ACCEPT_BY names who accepts them; reports/accepted.txt keeps both. Secrets cannot be accepted.
"""

import argparse
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from compose.audit import secret_scan
from compose.bare.progress import UserError, say, step

REQUIREMENTS = ("requirements/local.txt", "requirements/production.txt")
SHIPPED = "requirements/production.txt"
SBOM = Path("reports/sbom.json")
ACCEPTED = Path("reports/accepted.txt")
ASK_SECONDS = 600
UNREACHED = """\
PyPI's vulnerability service gave no answer for {missing} of {asked} packages, so they may have known vulnerabilities.
The usual reasons are a mirror without that service, or no network. On a machine that can reach PyPI itself, run:
    make audit"""


class UnreachedError(UserError):
    pass


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m compose.audit", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail if the vulnerability service cannot be reached")
    is_strict = parser.parse_args().strict
    failed = False
    for title, check in CHECKS.items():
        try:
            with step(title):
                findings = check()
        except UnreachedError as unreached:
            say(str(unreached))
            failed |= is_strict
        except UserError as error:
            say(str(error))
            failed = True
        else:
            for finding in findings:
                say(f"    {finding}")
            failed |= bool(findings)
    return int(failed)


def packages() -> list[str]:
    """The known vulnerabilities. It also fails if the service gave no answer for a package; pip-audit itself would
    succeed."""
    files = [argument for name in REQUIREMENTS for argument in ("--requirement", name)]
    command = ["pip-audit", *files, "--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off"]
    answered = _run(command, fine={0, 1})
    if not answered.stdout.startswith("{"):
        kind = UnreachedError if re.search("connect|timed? ?out", answered.stderr, re.IGNORECASE) else UserError
        raise kind(f"pip-audit failed: {answered.stderr.strip()}")
    return not_accepted(vulnerabilities(json.loads(answered.stdout)))


def not_accepted(findings: list[str]) -> list[str]:
    """The findings without those that a named person accepts for this run. Those are written down."""
    ids, name = os.environ.get("AUDIT_ACCEPT", "").split(), os.environ.get("AUDIT_ACCEPT_BY", "").strip()
    if not ids:
        return findings
    if not name:
        raise UserError("AUDIT_ACCEPT needs AUDIT_ACCEPT_BY: the name of the person who accepts the findings.")
    accepted = [finding for finding in findings if any(f": {each}," in finding for each in ids)]
    ACCEPTED.parent.mkdir(exist_ok=True)
    ACCEPTED.write_text("".join(f"{name} accepts {finding}\n" for finding in accepted))
    for finding in accepted:
        say(f"    {name} accepts {finding}")
    return [finding for finding in findings if finding not in accepted]


def vulnerabilities(document: dict[str, Any]) -> list[str]:
    """The findings of pip-audit's report, one line each.

    :raises UnreachedError: if nothing was found, and the service gave no answer for a package
    """
    packages = document["dependencies"]
    unanswered = [package for package in packages if "skip_reason" in package]
    found = [_line(package, known) for package in packages for known in package.get("vulns", [])]
    if unanswered and not found:
        raise UnreachedError(UNREACHED.format(missing=len(unanswered), asked=len(packages)))
    return found


def _line(package: dict[str, Any], known: dict[str, Any]) -> str:
    fixed_in = ", ".join(known["fix_versions"]) or "nothing yet"
    return f"{package['name']} {package['version']}: {known['id']}, fixed in {fixed_in}"


def history() -> list[str]:
    return secret_scan.unknown(secret_scan.in_history())


def sbom() -> list[str]:
    SBOM.parent.mkdir(exist_ok=True)
    _run(["cyclonedx-py", "requirements", SHIPPED, "--output-reproducible", "--output-file", str(SBOM)], fine={0})
    return []


CHECKS = {
    "Known vulnerabilities of the pinned packages": packages,
    "Secrets in the history": history,
    f"Writing the image's SBOM to {SBOM}": sbom,
}


def _run(command: list[str], *, fine: set[int]) -> subprocess.CompletedProcess[str]:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{command[0]} did not end within {ASK_SECONDS} s.") from error
    if finished.returncode not in fine:
        raise UserError(f"{command[0]} failed:\n{finished.stderr.strip()}")
    return finished
