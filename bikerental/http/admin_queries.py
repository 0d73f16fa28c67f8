"""Checks the parameters that a URL or a list's form gives to an admin page.

Django's admin does not check all of them: a bad value would make a lookup, a widget or a filter fail with
an internal error.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, ValidationError
from django.db import models
from django.http import HttpRequest


class CheckedChangeList(ChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        if self.params:
            _check_statement(found)
        return found


def _check_statement(found: models.QuerySet[Any]) -> None:
    """Compile the statement: some lookups check their values only then."""
    try:
        found.query.sql_with_params()
    except EmptyResultSet:
        return
    except (ValueError, TypeError, LookupError) as error:
        raise IncorrectLookupParameters(error) from error  # Django shows the list without its filters


class CheckedAdmin(admin.ModelAdmin[Any]):
    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        given = super().get_changelist(request, **options)
        return type(given.__name__, (CheckedChangeList, given), {})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by an array column: its lookups check no types, and PostgreSQL refuses what does not fit."""
        name = lookup.partition("__")[0]
        if any(isinstance(field, ArrayField) and field.name == name for field in self.opts.concrete_fields):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given = super().get_changeform_initial_data(request)
        return {name: value for name, text in given.items() if (value := self._initial_value(name, text)) is not None}

    def _initial_value(self, name: str, given: Any) -> Any:
        """The value as the field reads it; None if the field refuses it."""
        try:
            field: Any = self.opts.get_field(name)
        except FieldDoesNotExist:
            return given
        if not isinstance(field, models.Field):
            return None  # what points here from another model
        try:
            if isinstance(field, models.ManyToManyField):
                return [field.target_field.to_python(each) for each in given]
            return field.to_python(given)
        except ValidationError:
            return None

    def response_action(self, request: HttpRequest, queryset: models.QuerySet[Any], *where: Any) -> Any:
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            self.opts.pk.to_python(chosen)  # a ValidationError: the filter by ids would fail in many ways
        return super().response_action(request, queryset, *where)


def checked(admin_class: type[admin.ModelAdmin[Any]]) -> type[admin.ModelAdmin[Any]]:
    """The same admin, with checked URL parameters."""
    return type(admin_class.__name__, (CheckedAdmin, admin_class), {"__module__": admin_class.__module__})
