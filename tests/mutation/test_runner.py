"""The runner distinguishes a guard that a test protects from one that none does."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.mutation import __main__ as command
from tests.mutation.entries import EntryError, Guard
from tests.mutation.runner import Outcome, Runner, copied

CODE = """
def share(whole, parts):
    if parts < 1:
        raise ValueError
    if whole < 0:
        raise ValueError
    return whole // parts
"""
TESTS = """
import pytest
from product import share

def test_no_parts_are_refused():
    with pytest.raises(ValueError):
        share(1, 0)

def test_half():
    assert share(4, 2) == 2
"""
HELD = Guard("held", "product.py", "parts < 1", "False", ("test_product.py",))
NOT_HELD = Guard("not held", "product.py", "whole < 0", "False", ("test_product.py",))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "product.py").write_text(CODE)
    (tmp_path / "test_product.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.fixture
def runner(tree: Path) -> Runner:
    runner = Runner(tree, None)
    runner.require_green([HELD], limit=60)
    return runner


def test_a_guard_that_a_test_holds_is_killed_by_it(runner: Runner) -> None:
    assert runner.run(HELD) == Outcome("killed", "test_no_parts_are_refused")


def test_a_guard_that_no_test_holds_survives(runner: Runner) -> None:
    outcome = runner.run(NOT_HELD)

    assert (outcome, outcome.is_bad) == (Outcome("survived"), True)


def test_a_survivor_with_a_reason_is_excused(runner: Runner) -> None:
    outcome = runner.run(NOT_HELD._replace(survives="nobody shares debts"))

    assert (outcome, outcome.is_bad) == (Outcome("excused", "nobody shares debts"), False)


def test_a_reason_that_is_out_of_date_is_told(runner: Runner) -> None:
    outcome = runner.run(HELD._replace(survives="nobody divides by nothing"))

    assert (outcome.verdict, outcome.is_bad) == ("broken", True)


@pytest.mark.parametrize(
    "guard",
    [HELD._replace(text="no such text"), HELD._replace(instead="parts <"), HELD._replace(tests=("test_absent.py",))],
    ids=["text", "syntax", "test"],
)
def test_an_entry_that_proves_nothing_is_broken(runner: Runner, guard: Guard) -> None:
    outcome = runner.run(guard)

    assert (outcome.verdict, outcome.is_bad) == ("broken", True)


def test_a_run_over_the_limit_is_ended_and_is_unclear(tree: Path) -> None:
    begun = time.monotonic()

    outcome = Runner(tree, None, limit=2).run(HELD._replace(instead="__import__('time').sleep(60)"))

    assert (outcome.verdict, outcome.is_bad) == ("unclear", True)
    assert time.monotonic() - begun < 30


def test_after_each_run_the_code_is_whole_again(tree: Path, runner: Runner) -> None:
    runner.run(HELD)
    runner.run(HELD._replace(text="no such text"))

    assert (tree / "product.py").read_text() == CODE
    assert runner.run(NOT_HELD) == Outcome("survived")


def test_tests_that_fail_anyway_are_no_proof(tree: Path) -> None:
    (tree / "product.py").write_text(CODE.replace("//", "*"))

    with pytest.raises(EntryError, match="test_half"):
        Runner(tree, None).require_green([HELD], limit=60)


def test_the_copy_is_the_checkout_without_ignored_files(tmp_path: Path) -> None:
    for name in ("kept.py", "ignored.log", "new/file.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("*.log\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "kept.py"], cwd=tmp_path, check=True)
    (tmp_path / "kept.py").write_text("changed since")

    with copied(tmp_path) as copy:
        files = {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*") if path.is_file()}

    assert files == {"kept.py": "changed since", "new/file.py": "new/file.py", ".gitignore": "*.log\n"}
    assert not copy.exists()


def test_words_choose_guards_by_name_and_by_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "ENTRIES", (HELD, NOT_HELD._replace(file="other.py")))

    assert [entry.name for entry in command.chosen([])] == ["held", "not held"]
    assert [entry.name for entry in command.chosen(["NOT"])] == ["not held"]
    assert [entry.name for entry in command.chosen(["product"])] == ["held"]
    assert command.main(["no such word"]) == 2


@pytest.mark.parametrize(("entries", "code"), [([HELD], 0), ([NOT_HELD, HELD], 1)])
def test_a_survivor_is_the_exit_code_and_stands_in_the_summary(
    runner: Runner, capsys: pytest.CaptureFixture[str], entries: list[Guard], code: int
) -> None:
    assert command.run_all(runner, entries) == code

    said = capsys.readouterr().out
    assert f"{len(entries)}/{len(entries)} held … killed by test_no_parts_are_refused, " in said
    assert ("  survived: not held product.py" in said) == bool(code)
