"""Reads `docs/api/examples.http`, which is for httpYac, and writes its requests as curl commands.

`make examples` writes `examples.sh` with it.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

API_DOCS = Path(__file__).resolve().parents[2] / "docs" / "api"
HTTP_FILE = API_DOCS / "examples.http"
SHELL_FILE = API_DOCS / "examples.sh"
PHOTO_LINE = "< ./photo.png"

# The name of a variable, a path in a named answer, or a number of spaces.
VARIABLE = re.compile(r"\{\{(.+?)\}\}")
ANSWER = re.compile(r"(\w+)\.(.+)")
SPACES = re.compile(r'" "\.repeat\((\d+)\)')
DEFAULT = re.compile(r'\{\{typeof \w+ == "undefined" \? "(.+)" : \w+\}\}')
LOOP = re.compile(r'while response\.(?:parsedBody\.(\S+)|headers\["(\S+)"\]) != "?(\w+)"? && patience\.asks-- > 0')
SHELL_HEAD = r"""#!/usr/bin/env bash
# Every endpoint and every refusal of the API in curl: `bash docs/api/examples.sh`, with `make run`
# in another terminal. BASE=http://… names another server. It prints each call and its answer, and
# exits with 1 at the first unexpected answer. examples.http says which codes are missing, and why.
#
# `make examples` writes this file from examples.http: change that file, not this one.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(dirname "${BASH_SOURCE[0]}")

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

# is_expected NAME EXPECTATIONS STATUS: prints the answer; 1 when it is another than expected
is_expected() {
  python3 -c '
import json, re, sys
headers, body, expectations, status = open(sys.argv[1]).read(), open(sys.argv[2]).read(), sys.argv[3], sys.argv[4]
print(status, body if len(body) < 2000 else body[:2000] + "...")
lines = (line.partition(": ") for line in headers.splitlines())
fields = {name.lower(): value for name, _, value in lines}
wrong = []
for expectation in expectations.split(", "):
    part, path, operator, wanted = re.fullmatch(r"(\w+) ?(\S*) (==|matches) (.+)", expectation).groups()
    found = status
    if part == "header":
        found = fields.get(path)
    elif part == "body":
        found = json.loads(body) if body[:1] == "{" else {}
        for key in re.findall(r"\w+", path):
            try:
                found = found[int(key) if key.isdigit() else key]
            except (KeyError, IndexError, TypeError):
                found = None
    found = found if isinstance(found, str) else json.dumps(found)
    holds = re.search(wanted, found) if operator == "matches" else found == wanted
    wrong += [] if holds else [expectation]
if wrong:
    sys.exit("expected: " + ", ".join(wrong))' "$work/$1.headers" "$work/$1.body" "$2" "$3"
}

# call NAME EXPECTATIONS METHOD URL [CURL OPTION...]
call() {
  local name=$1 expectations=$2 method=$3 url=$4 attempts=1 status
  shift 4
  if [[ $expectations == eventually\ * ]]; then
    expectations=${expectations#eventually } attempts=60
  fi
  printf '%s %s\n' "$method" "$url"
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    status=$(curl -sS --noproxy '*' --max-time 30 -X "$method" -D "$work/$name.raw" -o "$work/$name.body" \
      -w '%{http_code}' "$@" "$url")
    tr -d '\r' <"$work/$name.raw" >"$work/$name.headers"
    touch "$work/$name.body"
    if is_expected "$name" "$expectations" "$status" 2>"$work/wrong"; then return; fi
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
    assertions: list[str]
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    awaited: str | None = None  # the step is repeated until this holds

    @property
    def codes(self) -> set[str]:
        """The codes of problems that the answer must have."""
        found = (re.fullmatch(r"body (?:errors\[\d+\]\.)?code == (\w+)", assertion) for assertion in self.assertions)
        return {match[1] for match in found if match}


@dataclass
class Playbook:
    variables: dict[str, str]
    steps: list[Step]


def read_playbook(path: Path = HTTP_FILE) -> Playbook:
    head, *parts = re.split(r"^### ", path.read_text(), flags=re.MULTILINE)
    variables = {name: DEFAULT.sub(r"\1", value) for name, value in re.findall(r"^@(\w+) = (.+)$", head, re.MULTILINE)}
    return Playbook(variables, [_step(number, part) for number, part in enumerate(parts, 1)])


def _step(number: int, part: str) -> Step:
    title, *lines = part.split("\n")
    marks = dict(re.findall(r"^# @(\w+) (.+)$", part, flags=re.MULTILINE))
    assertions = [line.removeprefix("?? ") for line in lines if line.startswith("?? ")]
    sent = "\n".join(line for line in lines if not line.startswith(("# ", "?? ")))
    top, _, body = sent.partition("\n\n")
    request, *headers = top.strip().split("\n")
    method, url = request.split(" ", 1)
    return Step(
        title=title,
        name=marks.get("name", f"call{number}"),
        assertions=assertions,
        method=method,
        url=url,
        headers=dict(header.split(": ", 1) for header in headers),
        body=body.strip("\n") or None,
        awaited=_awaited(marks["loop"]) if "loop" in marks else None,
    )


def _awaited(loop: str) -> str:
    match = LOOP.fullmatch(loop)
    assert match, loop
    path, header, value = match.groups()
    return f"body {path} == {value}" if path else f"header {header} == {value}"


def shell_text(playbook: Playbook) -> str:
    default = playbook.variables["base"]
    values = "".join(f"{name}={_shell(value)}\n" for name, value in playbook.variables.items() if name != "base")
    return f"{SHELL_HEAD}\nbase=${{BASE:-{default}}}\n{values}" + "".join(map(_shell_call, playbook.steps))


def _shell_call(step: Step) -> str:
    function, tail = "call", ""
    if step.body is not None and PHOTO_LINE in step.body:
        options = _shell_form(step.body)
    else:
        options = "".join(f" \\\n  -H {_shell(f'{name}: {value}')}" for name, value in step.headers.items())
        if step.body is not None:
            function, tail = "send", f" <<JSON\n{_shell(step.body, quote=False)}\nJSON"
    call = f"{function} {step.name} {shlex.quote(_expectations(step))} {step.method} {_shell(step.url)}"
    return f"\nprintf '\\n# %s\\n' {_shell(step.title)}\n{call}{options}{tail}\n"


def _expectations(step: Step) -> str:
    if step.awaited is None:
        return ", ".join(step.assertions)
    return "eventually " + ", ".join([*step.assertions, step.awaited])


def _shell_form(body: str) -> str:
    """A form with the photo: curl builds it from its fields."""
    fields = re.findall(r'name="(\w+)"\n\n(.+)\n', body)
    options = "".join(f" \\\n  -F {_shell(f'{name}={value}')}" for name, value in fields if value != PHOTO_LINE)
    return f'{options} \\\n  -F "file=@$here/photo.png"'


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
    if spaces := SPACES.fullmatch(variable):
        return f"$(printf '%{spaces[1]}s' ' ')"
    if answer := ANSWER.fullmatch(variable):
        return f"$(field {answer[1]} {answer[2]!r})" if "[" in answer[2] else f"$(field {answer[1]} {answer[2]})"
    return f"${variable}"


if __name__ == "__main__":
    SHELL_FILE.write_text(shell_text(read_playbook()))
