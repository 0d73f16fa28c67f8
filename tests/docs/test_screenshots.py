"""The pictures in the docs are those that `make screenshots` takes."""

import re

from tests.docs.test_markdown import PAGES, ROOT
from tests.tools.screenshots import IMAGES, SHOTS

PICTURE = re.compile(r"!\[[^\]]+\]\(([^)\s]+)\)")
BYTES_MAX = 150_000


def test_command_files_and_docs_name_the_same_pictures() -> None:
    shown = {page: {(page.parent / path).resolve() for path in PICTURE.findall(page.read_text())} for page in PAGES}
    taken = {IMAGES / shot.file for shot in SHOTS}

    assert set(IMAGES.iterdir()) == taken
    assert set().union(*shown.values()) == taken
    assert shown[ROOT / "README.md"] == shown[ROOT / "README.ru.md"] != set()
    assert {path.name for path in taken if path.stat().st_size > BYTES_MAX} == set()
