"""A lower app depends on no higher one, by an import, a foreign key or a name."""

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.urls import URLResolver, get_resolver
from django.utils.translation import override

from tests.architecture.setup_cfg import LAYERS, contracts, words
from tests.live import ROOT
from tests.support.marking import marked

PRODUCT = ROOT / "bikerental"
# These may know DRF, be it only through what they import.
DOORS = {"api", "backends", "erasure", "pages", "urls", "wsgi"}


def app_of(model: Any) -> str:
    """Empty for a model or view of Django or of a package."""
    product, _, rest = model.__module__.partition(".")
    return rest.split(".")[0] if product == "bikerental" else ""


def relations() -> Iterator[tuple[str, str, str]]:
    """Each key to a model of ours, whose it is, and whose it points to."""
    for model in apps.get_models(include_auto_created=True):
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
            target: Any = field.related_model
            if target and app_of(target):
                yield f"{model._meta.label}.{field.name}", app_of(model), app_of(target)


def test_a_foreign_key_points_downwards() -> None:
    found = [each for each in relations() if each[1]]

    assert found
    assert [name for name, own, target in found if LAYERS.index(own) > LAYERS.index(target)] == []


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def one_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words)) or "(?!)"


def tables_of(own: Collection[str]) -> list[str]:
    return [model._meta.db_table for model in apps.get_models(include_auto_created=True) if app_of(model) in own]


def first_words_of_paths(own: Collection[str]) -> list[str]:
    """The words after the first slash of a path that lead only to views of these apps."""
    owners = defaultdict[str, set[str]](set)
    for path, view in views(get_resolver("config.urls")):
        owners[path.split("/")[0]].add(app_of(getattr(view, "cls", getattr(view, "view_class", view))))
    return [word for word, apps_of_it in owners.items() if word and apps_of_it <= set(own)]


def views(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from views(each, path)
        else:
            yield path, each.callback


def test_tables_and_paths_are_found() -> None:
    assert {"core_heartbeat", "fleet_bike"} <= set(tables_of(LAYERS))
    assert {"mds", "gbfs"} <= set(first_words_of_paths(["feeds"]))


@pytest.mark.parametrize("app", LAYERS)
def test_no_string_of_an_app_names_a_higher_one(app: str) -> None:
    above = LAYERS[: LAYERS.index(app)]
    higher = one_of(above)
    name = re.compile(rf"(bikerental\.({higher})(\.|$))|(({higher})\.[A-Z]\w+$)|(({higher})/\S)")
    path_of_it = re.compile(rf"(?<!\w)/({one_of({*above, *first_words_of_paths(above)})})(/|$)")
    in_a_docstring = re.compile(rf"`({higher})[./]\w")
    table = re.compile(rf"\b({one_of(tables_of(above))})\b")
    files = [path for path in (PRODUCT / app).rglob("*.py") if "migrations" not in path.parts]

    assert files
    texts = [(path.name, text) for path in files for text in names_in(path)]
    anywhere = (path_of_it, in_a_docstring, table)
    assert [each for each in texts if name.match(each[1]) or any(found.search(each[1]) for found in anywhere)] == []


def names_of(model: type[Model]) -> Iterator[str]:
    """What the model and its fields are called in English."""
    options = model._meta
    yield str(options.verbose_name)
    yield from (str(field.verbose_name) for field in (*options.local_fields, *options.local_many_to_many))


@pytest.mark.parametrize("app", LAYERS)
def test_no_app_translates_names_of_a_higher_ones_models(app: str) -> None:
    # One word, such as "rider", is also a word of lower apps.
    lower, higher = set[str](), set[str]()
    with override("en"):
        for model in apps.get_models(include_auto_created=True):
            is_higher = app_of(model) in LAYERS[: LAYERS.index(app)]
            (higher if is_higher else lower).update(name for name in names_of(model) if " " in name)
    translated = {text for path in (PRODUCT / app).rglob("*.py") for text in marked(path)}

    assert lower
    assert translated & higher - lower == set()


@pytest.mark.parametrize("app", LAYERS[LAYERS.index("demo") + 1 :])
def test_only_the_demo_names_its_accounts(app: str) -> None:
    name = re.compile(r"(?i)\b_?demo_\w+")
    files = list((PRODUCT / app).rglob("*.py"))

    assert files
    assert {path.name: found for path in files if (found := name.findall(path.read_text()))} == {}


def test_each_app_of_the_settings_has_a_layer() -> None:
    ours = {app.name.split(".")[1] for app in apps.get_app_configs() if app.name.startswith("bikerental.")}

    assert ours == set(LAYERS)


def test_each_module_of_an_app_is_a_door_or_must_not_know_drf() -> None:
    sources = {word.removeprefix(".") for word in words("http", "source_modules") if word.startswith(".")}

    assert sources == set(words("inside", "layers")) - DOORS


def test_import_contracts_have_no_exceptions() -> None:
    softening = {"ignore_imports", "allow_indirect_imports", "exhaustive_ignores", "unmatched_ignore_imports_alerting"}

    assert {name: softening & set(options) for name, options in contracts().items() if softening & set(options)} == {}
    layered = {name: options for name, options in contracts().items() if options["type"] == "layers"}
    assert {name: options.get("exhaustive") for name, options in layered.items()} == dict.fromkeys(layered, "True")
