"""The admin's pages of zones, where operators draw where rides may end."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bikerental.fleet.admin.base import FleetAdmin
from bikerental.zones.exceptions import ShapeInvalidError, TooManyZonesError
from bikerental.zones.models import Zone
from bikerental.zones.services import zone_edit, zone_limits_check


class ShapeField(forms.JSONField):
    """GeoJSON that an operator types or pastes. Its value is checked, and cut at the 180th meridian."""

    points = 0  # of the last value

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        from bikerental.zones.shapes import shape_read  # here, because most processes never need Shapely

        try:
            shape = shape_read(value)
        except ShapeInvalidError as error:
            raise ValidationError(str(error.field_detail), code=error.field_code) from error
        self.points = shape.points
        return shape.geojson

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The text as it was sent: `prepare_value` shows it again, and nothing else reads a text that was refused."""
        return data

    def prepare_value(self, value: Any) -> Any:
        if value is None:
            return ""
        return value if isinstance(value, str) else super().prepare_value(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class ZoneForm(forms.ModelForm[Zone]):
    shape = ShapeField(
        label=_("Shape"),
        widget=forms.Textarea(attrs={"rows": 12, "cols": 100, "spellcheck": "false"}),
        help_text=_(
            "GeoJSON: a Polygon or a MultiPolygon, or one Feature with it, with points as [longitude, latitude]. Draw "
            "it in any tool that writes GeoJSON and paste the text here. Borders are inside. To cross the 180th "
            "meridian, go on from 179 to -179."
        ),
    )

    class Meta:
        model = Zone
        fields: ClassVar = ["kind", "is_active"]
        help_texts: ClassVar = {
            "kind": _(
                "Where there is a service area, a ride ends inside of one. No ride ends inside a zone of no return. "
                "Stations are exempt: a bike can be returned at each that takes returns."
            ),
            "is_active": _("Counts from the moment that you save."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_active") and "shape" in cleaned:
            try:
                zone_limits_check(zone_id=self.instance.pk, points=self.points)
            except TooManyZonesError as error:
                self.add_error(error.field, str(error.field_detail))
        return cleaned

    @property
    def points(self) -> int:
        shape: Any = self.fields["shape"]
        return int(shape.points)


@admin.register(Zone)
class ZoneAdmin(FleetAdmin[Zone]):
    form = ZoneForm
    fields = ("name", "kind", "is_active", "valid_from", "valid_until", "shape")
    list_display = ("name", "kind", "is_active", "valid_from", "valid_until", "points")
    list_filter = ("kind", "is_active")
    search_fields = ("name",)
    ordering = ("name", "pk")

    def save_model(self, request: HttpRequest, obj: Zone, form: Any, change: bool) -> None:
        obj.points = form.points
        if change:
            zone_edit(zone=obj, fields=[*form.changed_data, *(["points"] if "shape" in form.changed_data else [])])
        else:
            super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Zone]:
        zones = super().get_queryset(request)
        # The list of up to a thousand zones does not need the shapes, each of up to 256 KiB.
        is_list = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("changelist")
        return zones.defer("shape") if is_list else zones
