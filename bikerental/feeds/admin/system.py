"""The page of the system's one row."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bikerental.feeds.admin.texts import TextsField, TextsForm, urls_field
from bikerental.feeds.formats import languages_check
from bikerental.feeds.models import System
from bikerental.feeds.selectors.system import has_system, languages_of, system_default
from bikerental.fleet.admin.base import FleetAdmin


class LanguagesField(forms.CharField):
    """Tags in any order of commas and spaces."""

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").replace(",", " ").split())


class SystemForm(TextsForm):
    languages = LanguagesField(
        help_text=_(
            'Tags of BCP 47 with spaces between them, such as "en pt-BR". The first one is the system\'s own. When you '
            "add a language, enter every text in it. Until regions and alerts are translated too, the feeds have them "
            "in the first language."
        ),
    )
    name = TextsField()
    short_name = TextsField(required=False)
    operator = TextsField(required=False)
    attribution_name = TextsField(required=False)
    terms_url = urls_field(required=False)
    privacy_url = urls_field(required=False)

    class Meta:
        model = System
        fields: ClassVar = [
            "system_id", "time_zone", "opening_hours", "phone_number", "feed_contact_email", "license_id",
            "license_url",
        ]  # fmt: skip
        help_texts: ClassVar = {
            "system_id": _("Readers know the system by it, in the whole world. Do not change it."),
            "time_zone": _('A name of the IANA database, such as "Europe/Berlin".'),
            "opening_hours": _(
                'As in OpenStreetMap: "24/7", or "Mo-Fr 06:00-23:00; Sa,Su 08:00-22:00". They are shown, and do not '
                "close the system."
            ),
            "phone_number": _('With the code of the country: "+12025550100".'),
            "feed_contact_email": _("Everybody sees it. Give the address of a role, not of a person."),
            "license_id": _(
                'An id of SPDX, such as "CC-BY-4.0" or "ODbL-1.0". Without a licence the data are in the public domain '
                '("CC0-1.0").'
            ),
            "license_url": _("Only if SPDX does not have your licence."),
        }

    def languages_of_texts(self) -> tuple[str, ...]:
        """The languages that the operator has just entered, so that the page has a field for each text in them."""
        if self.is_bound and "languages" in self.fields:
            field: Any = self.fields["languages"]
            given = field.to_python(self.data.get(self.add_prefix("languages")))
            try:
                languages_check(given)
            except ValidationError:
                pass  # the field shows the error
            else:
                return tuple(given.split(" "))
        return languages_of(self.instance if self.instance.languages else system_default())


@admin.register(System)
class SystemAdmin(FleetAdmin[System]):
    form = SystemForm
    fieldsets = (
        (None, {"fields": ("system_id", "languages", "name", "short_name", "operator", "start_date")}),
        (_("When and where"), {"fields": ("time_zone", "opening_hours")}),
        (_("Contact"), {"fields": ("url", "phone_number", "email", "feed_contact_email")}),
        (_("Use of the data"), {"fields": ("license_id", "license_url", "attribution_name", "attribution_url")}),
        (_("Terms"), {"fields": ("terms_url", "terms_updated_on", "privacy_url", "privacy_updated_on")}),
        (
            _("Apps"),
            {"fields": ("android_store_uri", "android_discovery_uri", "ios_store_uri", "ios_discovery_uri")},
        ),
        (
            _("Brand"),
            {
                "fields": (
                    "brand_image_url", "brand_image_url_dark", "brand_color", "brand_terms_url", "brand_updated_on"
                )
            },
        ),
    )  # fmt: skip
    list_display = ("system_id", "time_zone", "feed_contact_email")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The values that the feeds have without a row."""
        system = system_default()
        return {field.attname: field.value_from_object(system) for field in System._meta.concrete_fields}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """There is only one row. If it exists, its form is shown, not an empty one."""
        if has_system():
            return HttpResponseRedirect(reverse("admin:feeds_system_change", args=[1]))
        return super().add_view(request, form_url, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: System | None = None) -> bool:
        return False
