"""A text in several languages: a JSON object with the text of each language."""

from typing import Any

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual

from bikerental.feeds.constants import TEXTS_BYTES_MAX

# An object in which no key is no language, and no text does not match.
_PATH = (
    '$ ? (@.type() == "object" && !(exists(@.keyvalue() ? ('
    '!(@.key like_regex "^[a-z]{{2,3}}(-[A-Z]{{2}})?$") || '
    '@.value.type() != "string" || !(@.value like_regex "{pattern}")))))'
)
SOME, URL = r"\\S", r"^https://[!-~]+$"


def texts_check(field: str, *, name: str, pattern: str = SOME, is_required: bool = False) -> models.CheckConstraint:
    """Each text of the field matches the pattern. A text that is not required may be missing in all languages."""
    path = _PATH.format(pattern=pattern)
    template = f"jsonb_path_exists(%(expressions)s, '{path}'::jsonpath)"
    size: Any = Func(Cast(field, models.TextField()), function="octet_length", output_field=models.IntegerField())
    condition = Q(Func(F(field), template=template, output_field=models.BooleanField())) & Q(
        LessThanOrEqual(size, TEXTS_BYTES_MAX)
    )
    return models.CheckConstraint(condition=condition & ~Q(**{field: {}}) if is_required else condition, name=name)
