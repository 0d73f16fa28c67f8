"""What the cells of a line mean: a bike or a station. django-import-export reads them and collects the faults.

It writes nothing here: `fleet_load` does, because each state and place of a bike has its row in the log.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, ClassVar
from unicodedata import normalize
from uuid import UUID

import tablib
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from bikerental.console.constants import BIKE_COLUMNS, STATION_COLUMNS
from bikerental.console.services.cells import (
    FirstStateWidget,
    FlagWidget,
    Names,
    NameWidget,
    NumberWidget,
    WholeWidget,
)
from bikerental.console.types import Fault, Table
from bikerental.core.geometry import Position, lies_in
from bikerental.core.identifiers import uuid7, uuid_or_none
from bikerental.fleet.constants import BikeStatus
from bikerental.fleet.exceptions import PlaceRefusedError
from bikerental.fleet.models import Bike, BikeModel, Station, Tariff
from bikerental.fleet.numbers import is_number_key, number_key, number_key_typed
from bikerental.fleet.selectors import bike_difference, bikes_by_number_key, service_boxes, station_difference
from bikerental.fleet.types import BikePlace, BikeWanted, StationWanted

FIRST_STATES = (BikeStatus.AVAILABLE, BikeStatus.MAINTENANCE, BikeStatus.RETIRED)


def _field(name: str, widget: Any = None, column: str = "") -> fields.Field:
    return fields.Field(attribute=name, column_name=column or name, widget=widget or widgets.Widget())


class FileResource(resources.ModelResource):  # type: ignore[misc] # the library has no types
    """Reads one file. `faults` are its faults; `wanted` is what the lines ask for that change something."""

    class Meta:
        use_bulk = True  # so that nothing is written line by line
        batch_size = None
        skip_diff = True

    unchecked: ClassVar[Collection[str]]  # fields that the database knows of, and this class has checked

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.wanted: list[Any] = []
        self.kept = 0
        self.counts: Counter[str] = Counter()  # of lines: new, update, skip
        self.lines_of: dict[Any, int] = {}

    def read(self, table: Table) -> None:
        self.lines = [line.number for line in table.lines]
        self.faults += table.faults
        dataset = tablib.Dataset(*(line.cells for line in table.lines), headers=table.columns)
        result = self.import_data(dataset, dry_run=True, use_transactions=False)
        for error in [*result.base_errors, *(error for row in result.error_rows for error in row.errors)]:
            raise error.error  # a bug
        for row in result.invalid_rows:
            for name, texts in row.error_dict.items():
                self.faults += [Fault(str(text), self.lines[row.number - 1], self._column(name)) for text in texts]
        self.faults.sort(key=lambda fault: fault.line or 0)
        self.counts.update(result.totals)

    def _column(self, name: str) -> str:
        columns: dict[str, str] = {field.attribute: field.column_name for field in self.fields.values()}
        return columns.get(name, name if name in self.fields else "")

    def _require_unique(self, key: Any, name: str, row_number: int) -> None:
        line = self.lines_of.setdefault(key, self.lines[row_number - 1])
        if line != self.lines[row_number - 1]:
            raise ValidationError({name: _("Line %(line)d has the same.") % {"line": line}})

    def save_instance(self, instance: Any, is_create: bool, row: Any, **options: Any) -> None:
        self.wanted.append(instance.wanted)

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, **options: Any) -> None:
        """Without statements: what needs the database has been looked up for all lines at once."""
        errors = dict(import_validation_errors or {})
        for name, text in self.field_errors(instance).items():
            errors.setdefault(name, ValidationError(text))
        empty = [field.name for field in instance._meta.fields if getattr(instance, field.attname) is None]
        try:
            exclude = {*errors, *empty, *self.unchecked}
            instance.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def field_errors(self, instance: Any) -> dict[str, str]:
        """What is missing or not allowed, as a text by field."""
        return {}


class StationResource(FileResource):
    name = _field("name")
    latitude = _field("latitude", NumberWidget())
    longitude = _field("longitude", NumberWidget())
    capacity = _field("capacity", WholeWidget())
    is_renting = _field("is_renting", FlagWidget())
    is_returning = _field("is_returning", FlagWidget())
    unchecked = ("id",)
    NEEDED: ClassVar = ("name", "latitude", "longitude", "capacity")

    class Meta(FileResource.Meta):
        model = Station
        fields = STATION_COLUMNS[1:]
        import_id_fields = ("name",)

    def __init__(self) -> None:
        super().__init__()
        self.existing = Station.objects.in_bulk()
        self.names = Names((station.pk, station.name) for station in self.existing.values())

    def before_import_row(self, row: Mapping[str, str], row_number: int = 0, **options: Any) -> None:
        self.station_id = self._id(row)
        self._require_unique(self.station_id or row["name"].casefold(), "name", row_number)

    def _id(self, row: Mapping[str, str]) -> UUID | None:
        """Of the station that the line means. None: a new one."""
        if text := row.get("id", ""):
            station_id = uuid_or_none(text)
            if station_id is None:
                raise ValidationError(
                    _("“%(text)s” is not an id. Leave it empty for a new station.") % {"text": text[:40]}
                )
            return station_id
        try:
            return self.names.find_or_none(row["name"])
        except ValueError as error:
            raise ValidationError({"name": str(error)}) from error

    def get_instance(self, instance_loader: Any, row: Mapping[str, str]) -> Station | None:
        found = self.existing.get(self.station_id) if self.station_id else None
        return copy(found)

    def init_instance(self, row: Any = None) -> Station:
        return Station(pk=self.station_id or uuid7())

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        given = {name: getattr(instance, name) for name in self.fields if name in row}
        values = {name: value for name, value in given.items() if value not in (None, "")}
        instance.wanted = StationWanted(instance.pk, values)
        old = self.existing.get(instance.pk)
        return old is not None and not import_validation_errors and not station_difference(old, instance.wanted)

    def field_errors(self, instance: Any) -> dict[str, str]:
        if instance.pk in self.existing:
            return {}
        return {name: _("A new station needs it.") for name in self.NEEDED if name not in instance.wanted.values}


class BikeResource(FileResource):
    unchecked = ("id", "model", "tariff", "station", "status", "photo")

    class Meta(FileResource.Meta):
        model = Bike
        fields = BIKE_COLUMNS
        import_id_fields = ("number",)

    def __init__(self, table: Table, stations: Names) -> None:
        super().__init__()
        self.fields = {
            "number": _field("number"),
            "model": _field("model_id", NameWidget(Names(BikeModel.objects.values_list("id", "name"))), "model"),
            "tariff": _field("tariff_id", NameWidget(Names(Tariff.objects.values_list("id", "name"))), "tariff"),
            "station": _field("station_id", NameWidget(stations), "station"),
            "latitude": _field("latitude", NumberWidget()),
            "longitude": _field("longitude", NumberWidget()),
            "status": _field("first_state", FirstStateWidget(), "status"),
        }
        place = table.columns.index("number")
        self.boxes = service_boxes()
        self.existing = bikes_by_number_key({_key(line.cells[place]) for line in table.lines} - {""})

    def before_import_row(self, row: Mapping[str, str], row_number: int = 0, **options: Any) -> None:
        key = _key(row["number"])
        if not key:
            raise ValidationError({"number": _("A number has letters or digits, and is no address.")})
        self._require_unique(key, "number", row_number)

    def get_instance(self, instance_loader: Any, row: Mapping[str, str]) -> Bike | None:
        return copy(self.existing.get(_key(row["number"])))

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        old = self.existing.get(_key(row["number"]))
        given = {name: getattr(instance, field.attribute, None) for name, field in self.fields.items() if name in row}
        instance.unreadable = import_validation_errors or {}
        instance.wanted = BikeWanted(
            number=normalize("NFC", instance.number) if old is None else old.number,
            model_id=given.get("model"),
            tariff_id=given.get("tariff"),
            place=_place(given, old),
            status=given.get("status"),
        )
        instance.has_half_position = (given.get("latitude") is None) != (given.get("longitude") is None)
        if old is None or import_validation_errors or instance.has_half_position:
            return False
        difference = bike_difference(old, instance.wanted)
        if difference.terms or difference.place:
            self.kept += difference.is_kept
            return False
        if difference.is_kept:
            self.kept += 1
            self.wanted.append(instance.wanted)  # its state may have changed by the time the file is written
        return True

    def field_errors(self, instance: Any) -> dict[str, str]:
        wanted, old = instance.wanted, self.existing.get(_key(instance.number))
        field_errors = {}
        if instance.has_half_position and not instance.unreadable and not (wanted.place and wanted.place.station_id):
            field_errors["latitude"] = _("Give both latitude and longitude, or none.")
        elif old is None:
            field_errors = self._new_bike_errors(wanted, instance.unreadable)
        place = wanted.place
        is_elsewhere = (
            place is not None and place.station_id is None and (old is None or bike_difference(old, wanted).place)
        )
        if is_elsewhere and self.boxes and not lies_in(Position(place.latitude, place.longitude), self.boxes):
            field_errors["latitude"] = str(PlaceRefusedError.field_detail)
        return field_errors

    def _new_bike_errors(self, wanted: BikeWanted, unreadable: Mapping[str, Any]) -> dict[str, str]:
        field_errors = {
            name: _("A new bike needs it.") for name in ("model_id", "tariff_id") if getattr(wanted, name) is None
        }
        if wanted.place is None and not {"station_id", "latitude", "longitude"} & unreadable.keys():
            field_errors["station_id"] = _("A new bike needs a station, or latitude and longitude.")
        if wanted.status not in (None, *FIRST_STATES):
            field_errors["first_state"] = _("A new bike can be available, in maintenance or retired.")
        return field_errors


def _place(given: Mapping[str, Any], old: Bike | None) -> BikePlace | None:
    """Where the line puts the bike; None if it says nothing. At a station the coordinates do not count."""
    latitude, longitude = given.get("latitude"), given.get("longitude")
    if given.get("station") is not None:
        return BikePlace(given["station"])
    if latitude is None or longitude is None:
        return None
    if "station" not in given and old is not None and (old.latitude, old.longitude) == (latitude, longitude):
        return None
    return BikePlace(None, latitude, longitude)


def _key(number: str) -> str:
    """Empty if a bike cannot have this number."""
    number = normalize("NFC", number)
    key = number_key(number)
    return key if key == number_key_typed(number) and is_number_key(key) else ""
