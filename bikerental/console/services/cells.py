"""The cells of files of bikes and stations: names, numbers, states."""

from collections import defaultdict
from collections.abc import Iterable
from math import isfinite
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from import_export import widgets

from bikerental.core.identifiers import uuid_or_none
from bikerental.fleet.constants import BikeStatus

TRUE, FALSE = {"true", "yes", "1", "да"}, {"false", "no", "0", "нет"}


class Names:
    """Rows by their name, or by their id where two have the same name."""

    def __init__(self, rows: Iterable[tuple[UUID, str]]) -> None:
        self.ids: set[UUID] = set()
        self.names: dict[str, list[UUID]] = defaultdict(list)
        for row_id, name in rows:
            self.ids.add(row_id)
            self.names[name.strip().casefold()].append(row_id)

    def find_or_none(self, name: str) -> UUID | None:
        """:raises ValueError: if several have this name"""
        found = self.names.get(name.casefold(), [])
        if len(found) > 1:
            raise ValueError(
                _("%(count)d have the name “%(name)s”: write the id.") % {"count": len(found), "name": name}
            )
        return found[0] if found else None

    def find(self, text: str) -> UUID:
        """:raises ValueError: if there is none, or more than one"""
        found = self.find_or_none(text)
        if found is not None:
            return found
        row_id = uuid_or_none(text)
        if row_id is not None and row_id in self.ids:
            return row_id
        raise ValueError(_("There is none of the name “%(name)s”.") % {"name": text[:100]})


class NameWidget(widgets.Widget):  # type: ignore[misc] # the library has no types
    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def clean(self, value: str, row: Any = None, **options: Any) -> UUID | None:
        return self.names.find(value) if value else None


class NumberWidget(widgets.Widget):  # type: ignore[misc] # the library has no types
    """A number, with a point or a comma."""

    def clean(self, value: str, row: Any = None, **options: Any) -> float | None:
        if not value:
            return None
        try:
            number = float(value.replace(",", "."))
        except ValueError:
            number = float("nan")
        if not isfinite(number):
            raise ValueError(_("“%(text)s” is not a number.") % {"text": value[:40]})
        return number


class WholeWidget(NumberWidget):
    def clean(self, value: str, row: Any = None, **options: Any) -> int | None:
        number = super().clean(value, row, **options)
        if number is None:
            return None
        if not number.is_integer():
            raise ValueError(_("“%(text)s” is not a whole number.") % {"text": value[:40]})
        return int(number)


class FlagWidget(widgets.Widget):  # type: ignore[misc] # the library has no types
    def clean(self, value: str, row: Any = None, **options: Any) -> bool | None:
        if not value:
            return None
        if value.lower() in TRUE | FALSE:
            return value.lower() in TRUE
        raise ValueError(_("Write true or false."))


class FirstStateWidget(widgets.Widget):  # type: ignore[misc] # the library has no types
    def clean(self, value: str, row: Any = None, **options: Any) -> BikeStatus | None:
        if not value:
            return None
        if value.lower() in BikeStatus.values:
            return BikeStatus(value.lower())
        raise ValueError(
            _("There is no such state. The states are: %(known)s.") % {"known": ", ".join(BikeStatus.values)}
        )
