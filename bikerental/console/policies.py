"""The origin from which the map loads its tiles."""

from urllib.parse import urlsplit

from django.conf import settings


def image_origins() -> list[str]:
    if not settings.MAP_TILES_URL:
        return []
    parts = urlsplit(settings.MAP_TILES_URL)
    return [f"{parts.scheme}://{parts.netloc}"]
