from typing import Any

import pytest
from django.conf import settings as django_settings

from bikerental.users.apps import signing_key_check

GOOD = "a-signing-key-of-thirty-two-bytes-or-more"


def test_a_signing_key_of_its_own_passes(settings: Any) -> None:
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"SIGNING_KEY": GOOD}

    assert signing_key_check(None) == []


@pytest.mark.parametrize(
    "key",
    ["", "short", "x" * 31, django_settings.SECRET_KEY, "local-signing-key-that-guards-nothing-beyond-this-machine"],
)
def test_a_weak_or_published_signing_key_is_refused(settings: Any, key: str) -> None:
    settings.SIMPLE_JWT = settings.SIMPLE_JWT | {"SIGNING_KEY": key}

    assert [message.id for message in signing_key_check(None)] == ["users.E001"]
