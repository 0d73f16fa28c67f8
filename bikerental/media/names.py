"""Names of published pictures. A name is never used again."""

import secrets

_SMALL, _LARGE = ".small.webp", ".webp"


def photo_name(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(16)}.webp"


def small_name(name: str) -> str:
    """The name of a photo's small size. Old photos have one size: their name is returned unchanged."""
    return name.removesuffix(_LARGE) + _SMALL if name.endswith(_LARGE) else name


def large_name(name: str) -> str:
    return name.removesuffix(_SMALL) + _LARGE if name.endswith(_SMALL) else name
