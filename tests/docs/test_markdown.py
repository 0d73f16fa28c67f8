"""The links and names in the Markdown files exist."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("compose/**/*.md")])
OVERVIEW = ROOT / "docs" / "architecture" / "overview.md"
DECISIONS = sorted((OVERVIEW.parent / "decisions").glob("*.md"))
HEADINGS = ["Context", "Decision", "Consequences"]
DECISION_LINES_MAX = 35
RUSSIAN = [page for page in PAGES if page.name.endswith(".ru.md")]
CODE = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# The words in a diagram: a node's title, and what stands at an arrow.
LABEL = re.compile(r"(?<=\w)\[[^\[\]]*\]|-- [^\n]*? --|-\. [^\n]*? \.-|: [^\n]*")
ELSEWHERE = ("http://", "https://", "mailto:")


def prose(page: Path) -> str:
    return CODE.sub("", page.read_text())


def spans(page: Path) -> set[str]:
    """The commands and names inside the text."""
    return set(re.findall(r"`([^`]+)`", prose(page)))


def code(page: Path) -> list[str]:
    """The blocks of code, and of diagrams all but the words."""
    blocks = CODE.findall(page.read_text())
    return [LABEL.sub("", block) if block.startswith("```mermaid") else block for block in blocks]


def english_of(russian: Path) -> Path:
    return russian.with_name(russian.name.replace(".ru.md", ".md"))


def anchors(page: Path) -> set[str]:
    """The anchors that GitLab makes from headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def modules(page: Path) -> set[str]:
    """The files of Python code that a page names by a path, from the root or from `bikerental/`."""
    return {span for span in spans(page) if re.fullmatch(r"[\w.\-]+(/[\w.\-]+)+\.py", span)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_module_that_a_page_names_exists(page: Path) -> None:
    gone = {name for name in modules(page) if not (ROOT / name).exists() and not (ROOT / "bikerental" / name).exists()}

    assert gone == set()


def test_pages_name_modules() -> None:
    assert modules(OVERVIEW)


def broken(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if not link.startswith(ELSEWHERE)]

    assert [link for link in links if broken(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)

    assert set(named) <= targets


def test_the_overview_lists_every_decision_by_number_and_title() -> None:
    titles = [page.read_text().splitlines()[0].removeprefix("# ").replace(". ", ". [", 1) for page in DECISIONS]
    rows = [f"{title}](decisions/{page.name})" for title, page in zip(titles, DECISIONS, strict=True)]

    assert re.findall(r"^\d+\. \[.*\]\(decisions/.*\)$", OVERVIEW.read_text(), flags=re.MULTILINE) == rows


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_one_page_in_the_usual_order(page: Path) -> None:
    lines = page.read_text().splitlines()
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]

    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert headings in (HEADINGS, [*HEADINGS, "Measured"])
    assert len(lines) <= DECISION_LINES_MAX


@pytest.mark.parametrize("russian", RUSSIAN, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_russian_page_has_the_code_and_links_of_the_english(russian: Path) -> None:
    english = english_of(russian)

    assert code(russian) == code(english)
    assert spans(russian) == spans(english)
    assert {link.replace(".ru.md", ".md") for link in LINK.findall(prose(russian))} == {
        link.replace(".ru.md", ".md") for link in LINK.findall(prose(english))
    }


@pytest.mark.parametrize("russian", RUSSIAN, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_in_two_languages_links_to_the_other(russian: Path) -> None:
    english = english_of(russian)

    assert english.read_text().splitlines()[2] == f"[Русский]({russian.name})"
    assert russian.read_text().splitlines()[2] == f"[English]({english.name})"
