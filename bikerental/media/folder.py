"""Media in a folder, with URLs like those of S3: signed, valid for an hour, and the same for half an hour."""

import time
from functools import lru_cache
from urllib.parse import urlencode

from django.core.files.storage import FileSystemStorage
from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

from bikerental.media.constants import URL_SECONDS, URL_WINDOW_SECONDS, URLS_KEPT

SALT = "photo"


class FolderStorage(FileSystemStorage):
    """Files in MEDIA_ROOT. `config/folder_media.py` answers for the URLs."""

    def url(self, name: str | None) -> str:
        signed_at = int(time.time()) // URL_WINDOW_SECONDS * URL_WINDOW_SECONDS
        return f"{super().url(name)}?{_signed(name or '', signed_at + URL_SECONDS)}"


@lru_cache(maxsize=URLS_KEPT)
def _signed(name: str, expires: int) -> str:
    return urlencode({"expires": expires, "signature": _signature(name, str(expires))})


def is_signed(name: str, *, expires: str, signature: str, now: float) -> bool:
    """Whether a URL with these parameters shows this file at this time."""
    return constant_time_compare(signature, _signature(name, expires)) and expires.isdecimal() and now < int(expires)


def _signature(name: str, expires: str) -> str:
    return Signer(salt=SALT).signature(f"{name} {expires}")
