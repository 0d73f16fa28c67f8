"""The modules of the house: their names, their length, and that the overview tells the truth."""

import re
from pathlib import Path

from tests.architecture.setup_cfg import LAYERS, words
from tests.live import ROOT

OVERVIEW = (ROOT / "docs/architecture/overview.md").read_text()
# They name their modules by topic: each is a library, or the demo's script.
BY_TOPIC = {"core", "http", "observe", "media", "demo"}
LINES_MAX = 300
# One list of all settings, in the order in which a reader looks for them: in parts, each would be a place to search.
LONGER = {"config/settings/base.py"}


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path.relative_to(ROOT) for path in found if "migrations" not in path.parts]


def table(header: str) -> list[str]:
    """The names in the first column of a table of the overview."""
    rows = OVERVIEW.split(header, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_each_app_is_held_to_the_list_of_modules() -> None:
    assert set(words("inside", "containers")) == {f"bikerental.{app}" for app in LAYERS if app not in BY_TOPIC}


def test_the_overview_lists_the_modules_that_an_app_may_have() -> None:
    assert sorted(table("| module | job |")) == sorted(words("inside", "layers"))


def test_the_overview_draws_the_apps_in_their_order() -> None:
    drawing = OVERVIEW.split("## Layers", 1)[1].split("```")[1]

    assert [line.split()[0] for line in drawing.strip().splitlines()] == LAYERS


def test_no_module_has_a_name_that_tells_nothing() -> None:
    found = [
        path for path in modules("bikerental", "compose", "config") if {"utils", "helpers", "common"} & words_of(path)
    ]

    assert found == []


def words_of(path: Path) -> set[str]:
    return {*path.parts[:-1], path.stem}


def test_core_has_neither_services_nor_selectors() -> None:
    found = modules("bikerental/core")

    assert found
    assert [path for path in found if {"services", "selectors"} & words_of(path)] == []


def test_modules_have_at_most_300_lines() -> None:
    paths = modules("bikerental", "compose", "config")
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in paths}

    assert lengths
    assert {path for path, length in lengths.items() if length > LINES_MAX} == LONGER
