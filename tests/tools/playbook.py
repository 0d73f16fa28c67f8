"""Reads `docs/api/examples.http`, sends its requests to a server, and writes them as curl commands.

`make examples` writes `examples.sh` with it.
"""

import base64
import json
import re
import shlex
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

API_DOCS = Path(__file__).resolve().parents[2] / "docs" / "api"
HTTP_FILE = API_DOCS / "examples.http"
SHELL_FILE = API_DOCS / "examples.sh"
OVERSIZED = 1_100_000
# One grey pixel, for the photo.png of the examples.
PHOTO = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
PHOTO_LINE = "< ./photo.png"
ATTEMPTS = 60
PAUSE_SECONDS = 0.25

VARIABLE = re.compile(r"\{\{(.+?)\}\}")
ANSWER = re.compile(r"(\w+)\.response\.body\.\$\.(.+)")
SHELL_HEAD = r"""#!/usr/bin/env bash
# Every endpoint and every refusal of the API in curl: `bash docs/api/examples.sh`, with `make run`
# in another terminal. BASE=http://… names another server. It prints each call and its answer, and
# exits with 1 at the first unexpected answer. examples.http says which codes are missing, and why.
#
# `make examples` writes this file from examples.http: change that file, not this one.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/oversized.json"
base64 -d >"$work/photo.png" <<<PHOTO

# field NAME PATH: a value out of the answer to the call of that name
field() {
  python3 -c '
import json, re, sys
value = json.load(open(sys.argv[1]))
for key in re.findall(r"\w+", sys.argv[2]):
    value = value[int(key) if key.isdigit() else key]
print(value)' "$work/$1.body" "$2"
}

guid() { python3 -c 'import uuid; print(uuid.uuid4())'; }

# is_expected NAME EXPECTATION STATUS: prints the answer; 1 when it is another than expected
is_expected() {
  python3 -c '
import json, sys
headers, body, expectation, status = open(sys.argv[1]).read(), open(sys.argv[2]).read(), sys.argv[3], sys.argv[4]
print(status, body if len(body) < 2000 else body[:2000] + "...")
wanted, _, claims = expectation.partition(" ")
wrong = [] if status == wanted else [wanted]
for claim in filter(None, claims.split(", ")):
    if ": " in claim:
        holds = claim.lower() in (line.lower() for line in headers.splitlines())
    else:
        path, found, text = claim.partition("=") if "=" in claim else ("code", "=", claim)
        value = json.loads(body) if body[:1] == "{" else {}
        for key in path.split("."):
            try:
                value = value[int(key) if key.isdigit() else key]
            except (KeyError, IndexError, TypeError):
                value = None
        holds = (value if isinstance(value, str) else json.dumps(value)) == text
    wrong += [] if holds else [claim]
if wrong:
    sys.exit("expected: " + ", ".join(wrong))' "$work/$1.headers" "$work/$1.body" "$2" "$3"
}

# call NAME EXPECTATION METHOD URL [CURL OPTION...]
call() {
  local name=$1 expectation=$2 method=$3 url=$4 attempts=1 status
  shift 4
  if [[ $expectation == eventually\ * ]]; then
    expectation=${expectation#eventually } attempts=60
  fi
  printf '%s %s\n' "$method" "$url"
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    status=$(curl -sS --noproxy '*' --max-time 30 -X "$method" -D "$work/$name.raw" -o "$work/$name.body" \
      -w '%{http_code}' "$@" "$url")
    tr -d '\r' <"$work/$name.raw" >"$work/$name.headers"
    touch "$work/$name.body"
    if is_expected "$name" "$expectation" "$status" 2>"$work/wrong"; then return; fi
    if ((attempt < attempts)); then sleep 0.25; fi
  done
  cat "$work/wrong" >&2
  exit 1
}

# send: a call with the body from standard input
send() {
  cat >"$work/body"
  call "$@" --data-binary @"$work/body"
}
"""


@dataclass
class Step:
    title: str
    name: str
    expectation: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    @property
    def is_patient(self) -> bool:
        return self.expectation.startswith("eventually ")

    @property
    def status(self) -> int:
        return int(self.expectation.removeprefix("eventually ").partition(" ")[0])

    @property
    def claims(self) -> list[str]:
        claims = self.expectation.removeprefix("eventually ").partition(" ")[2]
        return [claim.strip() for claim in claims.split(",") if claim.strip()]

    @property
    def code(self) -> str | None:
        return next((claim for claim in self.claims if re.fullmatch(r"\w+", claim)), None)


@dataclass
class Playbook:
    variables: dict[str, str]
    steps: list[Step]


def read_playbook(path: Path = HTTP_FILE) -> Playbook:
    head, *parts = re.split(r"^### ", path.read_text(), flags=re.MULTILINE)
    variables = dict(re.findall(r"^@(\w+) = (.+)$", head, flags=re.MULTILINE))
    return Playbook(variables, [_step(number, part) for number, part in enumerate(parts, 1)])


def _step(number: int, part: str) -> Step:
    title, *lines = part.split("\n")
    marks = [line for line in lines if line.startswith("# ")]
    top, _, body = "\n".join(line for line in lines if line not in marks).partition("\n\n")
    request, *headers = top.strip().split("\n")
    method, url = request.split(" ", 1)
    return Step(
        title=title,
        name=next((mark[8:] for mark in marks if mark.startswith("# @name ")), f"call{number}"),
        expectation=next(mark[9:] for mark in marks if mark.startswith("# expect ")),
        method=method,
        url=url,
        headers=dict(header.split(": ", 1) for header in headers),
        body=body.strip("\n") or None,
    )


class Player:
    """Sends the requests in order. Later requests use values from earlier responses."""

    def __init__(self, playbook: Playbook, base: str) -> None:
        self.playbook = playbook
        self.variables = playbook.variables | {"base": base}
        self.answers: dict[str, Any] = {}
        self.session = requests.Session()
        self.session.trust_env = False

    def play(self) -> list[requests.Response]:
        return [self._play_step(step) for step in self.playbook.steps]

    def _play_step(self, step: Step) -> requests.Response:
        body = " " * OVERSIZED if step.body == "< ./oversized.json" else self._body(step)
        headers = {name: self.fill(value) for name, value in step.headers.items()}
        for _ in range(ATTEMPTS if step.is_patient else 1):
            response = self.session.request(step.method, self.fill(step.url), data=body, headers=headers, timeout=30)
            missed = missed_claims(step, response)
            if not missed:
                break
            time.sleep(PAUSE_SECONDS)
        assert not missed, f"{step.title}: {missed} in {response.status_code} {response.text[:2000]}"
        self.answers[step.name] = response
        return response

    def _body(self, step: Step) -> str | bytes:
        text = self.fill(step.body or "")
        if PHOTO_LINE not in text:
            return text
        before, _, after = text.replace("\n", "\r\n").partition(PHOTO_LINE)
        return before.encode() + base64.b64decode(PHOTO) + after.encode()

    def fill(self, text: str) -> str:
        return VARIABLE.sub(lambda match: self.fill(self._value(match[1])), text)

    def _value(self, variable: str) -> str:
        if variable == "$guid":
            return str(uuid.uuid4())
        if answer := ANSWER.fullmatch(variable):
            return str(value_at(self.answers[answer[1]].json(), answer[2]))
        return self.variables[variable]


def missed_claims(step: Step, response: requests.Response) -> list[str]:
    missed = [] if response.status_code == step.status else [str(step.status)]
    return missed + [claim for claim in step.claims if not _holds(claim, response)]


def _holds(claim: str, response: requests.Response) -> bool:
    if ": " in claim:
        name, value = claim.split(": ")
        return response.headers.get(name) == value
    path, _, text = claim.partition("=") if "=" in claim else ("code", "=", claim)
    try:
        value = value_at(response.json(), path)
    except (ValueError, LookupError, TypeError):
        return False
    return (value if isinstance(value, str) else json.dumps(value)) == text


def value_at(document: Any, path: str) -> Any:
    for key in re.findall(r"\w+", path):
        document = document[int(key) if key.isdigit() else key]
    return document


def shell_text(playbook: Playbook) -> str:
    default = playbook.variables["base"]
    values = "".join(f"{name}={_shell(value)}\n" for name, value in playbook.variables.items() if name != "base")
    head = SHELL_HEAD.replace("PHOTO", PHOTO, 1)
    return f"{head}\nbase=${{BASE:-{default}}}\n{values}" + "".join(map(_shell_call, playbook.steps))


def _shell_call(step: Step) -> str:
    function, options, tail = "call", "", ""
    if step.body == "< ./oversized.json":
        options = ' --data-binary @"$work/oversized.json"'
    elif step.body is not None and PHOTO_LINE in step.body:
        return _shell_form(step)
    elif step.body is not None:
        function, tail = "send", f" <<JSON\n{_shell(step.body, quote=False)}\nJSON"
    headers = "".join(f" \\\n  -H {_shell(f'{name}: {value}')}" for name, value in step.headers.items())
    call = f"{function} {step.name} '{step.expectation}' {step.method} {_shell(step.url)}"
    return f"\nprintf '\\n# %s\\n' {_shell(step.title)}\n{call}{headers}{options}{tail}\n"


def _shell_form(step: Step) -> str:
    """A form with the photo: curl builds it from its fields."""
    fields = re.findall(r'name="(\w+)"\n\n(.+)\n', step.body or "")
    options = "".join(f" \\\n  -F {_shell(f'{name}={value}')}" for name, value in fields)
    call = f"call {step.name} '{step.expectation}' {step.method} {_shell(step.url)}"
    return f"\nprintf '\\n# %s\\n' {_shell(step.title)}\n{call}{options} \\\n  -F \"file=@$work/photo.png\"\n"


def _shell(text: str, *, quote: bool = True) -> str:
    filled = VARIABLE.sub(lambda match: _shell_value(match[1]), text)
    if not quote:
        return filled
    if filled == text:
        return shlex.quote(text)
    return f'"{filled}"'


def _shell_value(variable: str) -> str:
    if variable == "$guid":
        return "$(guid)"
    if answer := ANSWER.fullmatch(variable):
        return f"$(field {answer[1]} {answer[2]!r})" if "[" in answer[2] else f"$(field {answer[1]} {answer[2]})"
    return f"${variable}"


if __name__ == "__main__":
    SHELL_FILE.write_text(shell_text(read_playbook()))
