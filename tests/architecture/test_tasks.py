"""Services name the tasks that they enqueue, and import none."""

import ast
from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import pytest

from config.celery_app import app
from tests.live import ROOT


def enqueued() -> Iterator[tuple[str, str]]:
    """The file of each call of `enqueue_after_commit`, and the task that it names."""
    for path in sorted(Path(ROOT, "bikerental").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue_after_commit":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: name the task in the call"
                yield str(path.relative_to(ROOT)), str(node.args[0].value)


ENQUEUED = sorted(set(enqueued()))


def test_something_is_enqueued() -> None:
    assert ENQUEUED


@pytest.mark.parametrize(("file", "name"), ENQUEUED)
def test_enqueued_names_are_registered_tasks_that_take_ids(file: str, name: str) -> None:
    app.autodiscover_tasks(force=True)

    assert name in app.tasks
    assert "ids" in signature(app.tasks[name].run).parameters


def test_an_app_enqueues_only_its_own_tasks() -> None:
    assert [(file, name) for file, name in ENQUEUED if file.split("/")[1] != name.split(".")[1]] == []
