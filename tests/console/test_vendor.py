"""The vendored libraries that the console's pages load."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from pytest_django import Settings

import bikerental.console

VENDOR = Path(bikerental.console.__file__).parent / "static" / "console" / "vendor"
LIBRARIES = json.loads((VENDOR / "libraries.json").read_text())


def test_each_file_is_listed_and_is_what_the_list_says() -> None:
    listed = {name: digest for library in LIBRARIES for name, digest in library["files"].items()}
    there = [path for path in VENDOR.rglob("*") if path.is_file() and path.name != "libraries.json"]

    assert {str(path.relative_to(VENDOR)): sha256(path.read_bytes()).hexdigest() for path in there} == listed


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_each_library_has_its_version_and_licence(library: dict[str, str]) -> None:
    assert all(library[name] for name in ("name", "version", "licence", "package", "changes"))
    assert f"{library['name']}/LICENSE" in library["files"]


def test_production_finds_all_files_of_the_libraries(tmp_path: Path, settings: Settings) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    hashed = ManifestStaticFilesStorage(location=str(tmp_path), base_url="/static/")
    assert "leaflet." in hashed.stored_name("console/vendor/leaflet/leaflet.js")
    assert hashed.stored_name("console/map/page.js") != "console/map/page.js"
