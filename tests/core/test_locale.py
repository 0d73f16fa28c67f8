"""The Russian catalogue has every text of the API, and no others."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from tests.support.marking import marked

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "bikerental"
FOLDER = PRODUCT / "locale" / "ru" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]")
CYRILLIC = re.compile("[а-яё]", flags=re.IGNORECASE)
# Names of standards are the same in both languages.
ALIKE = {"ISO 4217", "%(number)s%%"}
Key = str | tuple[str, int]


def read_po() -> dict[Key, str]:
    """Texts by gettext's key: the singular, and the number of the plural form if there are several."""
    texts: dict[Key, str] = {}
    for entry in FOLDER.joinpath("django.po").read_text().split("\n\n"):
        fields = {name: ast.literal_eval(f"({text})") for name, text in
                  re.findall(r'^(msg\S+) ((?:".*"\s*)+)', entry, flags=re.MULTILINE)}  # fmt: skip
        singular = fields.get("msgid", "")
        for name, text in fields.items():
            if name == "msgstr":
                texts[singular] = text
            elif form := re.fullmatch(r"msgstr\[(\d)\]", name):
                texts[singular, int(form[1])] = text
    return texts


PO = read_po()
MODULES = [path for path in sorted(PRODUCT.rglob("*.py")) if marked(path)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PRODUCT)))
def test_every_marked_sentence_has_a_russian_text(path: Path) -> None:
    translated = {key[0] if isinstance(key, tuple) else key for key, text in PO.items() if text}

    assert marked(path) - translated == set()


def test_the_compiled_catalogue_says_what_the_source_says() -> None:
    with FOLDER.joinpath("django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog

    assert compiled == PO, "run: make messages"


@pytest.mark.parametrize("key", [key for key in PO if key], ids=str)
def test_a_text_is_russian_and_keeps_its_placeholders(key: Key) -> None:
    source = key[0] if isinstance(key, tuple) else key

    assert source in ALIKE or CYRILLIC.search(PO[key])
    assert sorted(PLACEHOLDER.findall(PO[key])) == sorted(PLACEHOLDER.findall(source))


def test_an_answer_follows_accept_language_and_keeps_its_code(db: None, anonymous: APIClient) -> None:
    login = {"email": "nobody@example.org", "password": "wrong-horse-7"}

    english = anonymous.post("/api/v1/auth/token/", login, headers={"Accept-Language": "en"}).json()
    russian = anonymous.post("/api/v1/auth/token/", login, headers={"Accept-Language": "ru-RU,ru;q=0.9"}).json()

    assert (english["code"], english["detail"]) == ("credentials_invalid", "The e-mail or the password is wrong.")
    assert (russian["code"], russian["detail"]) == ("credentials_invalid", "Неверная почта или пароль.")


def test_a_named_field_follows_accept_language(db: None, anonymous: APIClient) -> None:
    registration = {"name": "Rider", "email": "no address", "password": "pedal-harder-9"}

    answer = anonymous.post("/api/v1/auth/register/", registration, headers={"Accept-Language": "ru"}).json()

    assert answer["errors"][0]["code"] == "invalid"
    assert CYRILLIC.search(answer["errors"][0]["detail"])
    assert CYRILLIC.search(answer["title"])
