"""A form of the admin writes only the fields that its operator changed.

Each change form has a hidden, signed field with the values that it showed. A field that still has its
shown value is not written, even if the row has changed since. A field that changed both in the form and
in the row is refused, and both values are shown. The row is locked before it is read, so the second of
two forms sees what the first has written.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_field, flatten_fieldsets
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.signing import BadSignature, Signer
from django.db import models, router, transaction
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Refusal
from bikerental.http.locks import row_lock

SHOWN = "shown"
# Hides Django's note beside each time about the difference between the browser's clock and "server time".
CITY_TIME_STYLE = {"all": ["api/admin_times.css"]}
Version = dict[str, Any]  # the value of each field as text; for a relation to many, the ids


def form_done(request: HttpRequest, form: Any, *, run: Callable[[], None]) -> bool:
    """Run the action if the form was sent and is valid. Returns whether to leave the page.

    A refusal of one field is shown at the field, and the operator stays. Any other refusal becomes a message for the
    next page.

    :param run: calls a service, which may refuse
    """
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        run()
    except FieldRefusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.field_detail))
        return False
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return True


class ShownField(forms.CharField):
    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class VersionedForm(forms.ModelForm[Any]):
    shown = ShownField(required=False, label="")

    error_messages: ClassVar = {
        "changed_meanwhile": _(
            "This was changed meanwhile to “%(current)s”. You gave “%(given)s”: save again to write it all the same."
        ),
        "damaged": _("This page cannot tell what it was shown with. Open it anew."),
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._current_version = self._version_of_row()
        self._current_values = {name: self._value_of_row(name) for name in self._current_version}
        self._shown_version = dict(self._current_version)
        self._is_damaged = False
        self._touched: set[str] = set()
        self.initial[SHOWN] = self._signer().sign_object(self._current_version, compress=True)
        if self.is_bound:
            self._take_shown(self.data.get(self.add_prefix(SHOWN)))

    def _clean_form(self) -> None:
        before = dict(self.cleaned_data)
        super()._clean_form()  # type: ignore[misc] # not in the stubs
        # A form's `clean` may set a field that the operator did not change, because another field decides it.
        chosen = {name for name, value in self.cleaned_data.items() if value is not before.get(name)}
        self._touched = {*self.changed_data, *chosen}
        if self._is_damaged:
            self.add_error(None, self.error_messages["damaged"])
        self._refuse_changed_meanwhile()

    def _post_clean(self) -> None:
        for name in self._current_version.keys() - self._touched:
            self.cleaned_data.pop(name, None)  # what is not here is not written
            if self._is_changed_in_row(name):
                self.errors.pop(name, None)  # nor does it matter whether it would still do
        super()._post_clean()  # type: ignore[misc] # not in the stubs

    def _refuse_changed_meanwhile(self) -> None:
        refused = [
            name
            for name in self._touched & self._current_version.keys() & self.cleaned_data.keys()
            if self._is_changed_in_row(name) and _plain(self.cleaned_data[name]) != _plain(self._current_values[name])
        ]
        for name in refused:
            values = {"current": self._text(name, self._current_values[name])}
            values["given"] = self._text(name, self.cleaned_data[name])
            self.add_error(name, ValidationError(self.error_messages["changed_meanwhile"], params=values))
        if refused:
            # The next page shows these values, so saving it again confirms them.
            version = self._shown_version | {name: self._current_version[name] for name in refused}
            signed = self._signer().sign_object(version, compress=True)
            data: Any = self.data
            self.data = data.copy()
            self.data[self.add_prefix(SHOWN)] = signed  # type: ignore[index] # a QueryDict, copied to be changed

    def _take_shown(self, signed: str | None) -> None:
        """Compare with the shown values. A client without pages sends none: the row's values count."""
        if not signed:
            return
        try:
            version = self._signer().unsign_object(signed)
        except (BadSignature, ValueError):
            self._is_damaged = True
            return
        for name in version.keys() & self._current_version.keys():
            self._shown_version[name] = version[name]
            field = self._field(name)
            if self._is_changed_in_row(name) and not isinstance(field, models.FileField):
                self.initial[name] = field.to_python(version[name])

    def _is_changed_in_row(self, name: str) -> bool:
        return bool(self._shown_version[name] != self._current_version[name])

    def _signer(self) -> Signer:
        return Signer(salt=f"{__name__}:{self._meta.model._meta.label_lower}:{self.instance.pk}")

    def _field(self, name: str) -> Any:
        return self._meta.model._meta.get_field(name)

    def _version_of_row(self) -> Version:
        known = {field.name for field in (*self.instance._meta.concrete_fields, *self.instance._meta.many_to_many)}
        return {name: self._version_of_field(name) for name in self.fields if name in known}

    def _version_of_field(self, name: str) -> Any:
        field = self._field(name)
        if field.many_to_many:
            return sorted(str(row.pk) for row in self.initial[name])
        return None if field.value_from_object(self.instance) is None else field.value_to_string(self.instance)

    def _value_of_row(self, name: str) -> Any:
        return self.initial[name] if self._field(name).many_to_many else getattr(self.instance, name)

    def _text(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if isinstance(value, File):
            return str(value.name)
        if isinstance(value, Iterable) and not isinstance(value, str | dict):
            return ", ".join(map(str, value)) or "–"
        return str(display_for_field(value, self._field(name), "–")) or "–"


def _plain(value: Any) -> Any:
    """A value that can be compared: rows without order, a file by its name."""
    if isinstance(value, models.QuerySet | list):
        return {row.pk for row in value}
    return value.name or None if isinstance(value, File) else value


class VersionedAdmin(admin.ModelAdmin[Any]):
    class Media:
        css: ClassVar = CITY_TIME_STYLE

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        database = router.db_for_write(self.model)
        if row is None or request.method != "POST" or not transaction.get_connection(database).in_atomic_block:
            return row
        row_lock(row=row)
        return super().get_object(request, object_id, from_field)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        fields = options.pop("fields") if "fields" in options else flatten_fieldsets(self.get_fieldsets(request, obj))
        options["fields"] = fields and [name for name in fields if name != SHOWN]
        form = super().get_form(request, obj, change=change, **options)
        if not self._is_versioned(request, obj):
            return form
        return forms.models.ModelFormMetaclass(form.__name__, (VersionedForm, form), {})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self._is_versioned(request, obj) or SHOWN in flatten_fieldsets(fieldsets):
            return fieldsets
        (heading, options), *others = fieldsets
        return [(heading, {**options, "fields": [*options["fields"], SHOWN]}), *others]

    def _is_versioned(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and self.has_change_permission(request, obj)


def versioned(admin_class: type[admin.ModelAdmin[Any]]) -> type[admin.ModelAdmin[Any]]:
    """The same admin, with change forms that compare with the shown values before they save."""
    return type(admin_class.__name__, (VersionedAdmin, admin_class), {"__module__": admin_class.__module__})
