"""The house as `setup.cfg` describes it to import-linter."""

import re
from configparser import ConfigParser

from tests.live import ROOT

CONTRACT = "importlinter:contract:"


def contracts() -> dict[str, dict[str, str]]:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return {name.removeprefix(CONTRACT): dict(settings[name]) for name in settings if name.startswith(CONTRACT)}


def words(contract: str, option: str) -> list[str]:
    """The modules of an option, as they are ordered there."""
    return re.findall(r"[\w.]+", contracts()[contract][option])


LAYERS = words("layers", "layers")
