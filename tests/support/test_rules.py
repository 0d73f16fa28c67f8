"""Rules for the tests themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PRODUCT = ("bikerental", "compose", "config")
PROGRAMS = ("load", "tools")
NAME_LENGTH_MAX = 59
# They say the outcome before, or without, who does what.
BEGINNINGS = ("test_what_", "test_who_", "test_of_")
# The tests of the docs read the list of pages that this one checks.
LIBRARIES = {"tests.docs.test_markdown"}
# Shorter ones are alike by chance: a property that returns a field, a method that does nothing.
BODY_LENGTH_MIN = 100


def functions(folder: Path) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(folder.rglob("*.py")):
        yield from ((path, node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def body(function: ast.FunctionDef) -> str:
    """Whatever its variables are called."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own = sorted(stored | {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)})
    numbers: dict[str, str] = {}
    for node in names:
        if node.id in own:
            node.id = numbers.setdefault(node.id, f"_{len(numbers)}")
    return ast.unparse(ast.Module(function.body, []))


def test_names_of_tests_are_under_sixty_characters() -> None:
    tests = [function.name for _, function in functions(TESTS) if function.name.startswith("test_")]

    assert [name for name in tests if len(name) > NAME_LENGTH_MAX] == []


def test_names_of_tests_begin_with_a_subject() -> None:
    assert [function.name for _, function in functions(TESTS) if function.name.startswith(BEGINNINGS)] == []


def test_no_module_imports_from_a_test_module() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for name in imports(path)
        if any(part.startswith("test_") for part in name.split(".")) and name.rpartition(".")[0] not in LIBRARIES
    ]

    assert found == []


def test_no_test_defines_what_the_product_has() -> None:
    product = {body(function) for name in PRODUCT for _, function in functions(ROOT / name)}
    again = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path, function in functions(TESTS)
        if len(text := body(function)) >= BODY_LENGTH_MIN and text in product
    ]

    assert again == []


def test_folders_of_programs_hold_no_tests() -> None:
    assert [path for name in PROGRAMS for path in (TESTS / name).rglob("test_*.py")] == []
