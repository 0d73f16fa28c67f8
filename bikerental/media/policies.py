"""The origins from which a browser may load our pictures."""

from bikerental.media.storage import media_origin


def image_origins() -> list[str]:
    origin = media_origin()
    return [] if origin is None else [origin]
