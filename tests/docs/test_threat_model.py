"""Each row of the threat model names a test, and that test exists."""

import ast
import re

import pytest

from tests.live import ROOT

MODEL = (ROOT / "docs" / "security" / "threat-model.md").read_text()
PROMISES = re.search(r"^## Promises\n(.*?)^## ", MODEL, flags=re.MULTILINE | re.DOTALL)
assert PROMISES
ROWS = [
    line for line in PROMISES[1].splitlines() if line.startswith("| ") and not line.startswith("| promise | held by |")
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MODEL)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_a_promise_names_what_holds_it(row: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", row.split("|")[2])


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_named_files_exist(path: str, name: str) -> None:
    module = ast.parse((ROOT / path).read_text())

    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_the_rules_look_at_something() -> None:
    assert len(ROWS) > 20
    assert len(NAMED) > 40
