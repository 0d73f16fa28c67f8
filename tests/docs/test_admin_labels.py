"""The documents use the labels of the admin and the console."""

import re
from pathlib import Path

import pytest
from django.contrib.admin import site
from django.utils.text import capfirst

from bikerental.console.pages.navigation import SECTIONS
from tests.docs.test_markdown import RUSSIAN

DOCS = Path(__file__).parents[2] / "docs"
LABEL = re.compile(r"(?<!\*)\*(?!\*)([A-Z][^*]+)\*(?!\*)")
# These names of several pages are not the admin's.
ELSEWHERE = {"Account dashboard, Request production access"}
PAGES = sorted(page for page in DOCS.rglob("*.md") if not page.name.endswith(".ru.md"))


def labels_named() -> list[tuple[str, str]]:
    """Each label with its page. A paragraph counts as one line."""
    paragraphs = [(page, line) for page in PAGES for line in page.read_text().splitlines() if "the admin" in line]
    return [(page.name, label) for page, line in paragraphs for label in LABEL.findall(line) if label not in ELSEWHERE]


def labels_shown() -> set[str]:
    models = {capfirst(str(model._meta.verbose_name_plural)) for model in site._registry}
    names = {(model_admin, name) for model_admin in site._registry.values() for name in model_admin.actions or ()}
    sections = {str(section.label) for section in SECTIONS}
    return models | sections | {str(getattr(model_admin, name).short_description) for model_admin, name in names}


@pytest.mark.parametrize(("page", "label"), labels_named())
def test_a_label_that_a_page_names_is_shown(page: str, label: str) -> None:
    assert label in labels_shown()


def test_russian_documents_call_the_console_as_its_pages_do() -> None:
    """Its pages say «пульт»."""
    assert [page.name for page in RUSSIAN if "консол" in page.read_text().lower()] == []
