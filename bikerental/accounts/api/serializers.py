"""Input of the account endpoints, and the declared shape of the export."""

from copy import deepcopy
from functools import lru_cache
from itertools import chain
from typing import Any

from rest_framework import serializers

from bikerental.core.registry import declared
from bikerental.http.export_sections import ExportSection
from bikerental.http.fields import Body
from bikerental.users.api.serializers import KnownPasswordField


class PasswordInput(Body):
    password = KnownPasswordField()

    class Meta:
        ref_name = "AccountClose"


@lru_cache
def export_sections() -> tuple[ExportSection, ...]:
    """The sections of every app, in the order of INSTALLED_APPS."""
    return tuple(chain.from_iterable(declared("erasure", "EXPORTED")))


class ExportOutput(serializers.Serializer[Any]):
    """One member for each section that an app declares."""

    class Meta:
        ref_name = "Export"

    def get_fields(self) -> dict[str, Any]:
        return {section.name: deepcopy(section.output) for section in export_sections()}
