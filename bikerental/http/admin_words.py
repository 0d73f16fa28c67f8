"""The operators' pages in their language, where Django and the packages would show English.

Texts that packages mark without a Russian text, or do not mark at all, are in `package_words`. Our models
and fields that have no name but the one in the code are the `NAMES` of their app's `models`.
"""

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

PERMISSIONS = {"add": _("may add"), "change": _("may change"), "delete": _("may delete"), "view": _("may view")}


def translate_names() -> None:
    """Translate the names of models and fields that are plain text: packages' own, and those that Django makes of
    the names in the code. A name keeps its English text, so no migration sees a change."""
    for model in apps.get_models():
        options = model._meta
        if "verbose_name_plural" not in options.original_attrs and isinstance(options.verbose_name, str):
            options.verbose_name_plural = f"{options.verbose_name}s"  # as Django has it, lazily
        _translate(options, "verbose_name", "verbose_name_plural")
        for field in (*options.local_fields, *options.local_many_to_many):
            _translate(field, "verbose_name", "help_text")
    # For every place that shows a permission: its name in the table is English.
    Permission.add_to_class("__str__", permission_text)
    Group.add_to_class("__str__", lambda group: gettext(group.name))


def _translate(owner: Any, *names: str) -> None:
    for name in names:
        text = getattr(owner, name)
        if isinstance(text, str) and text:
            setattr(owner, name, gettext_lazy(text))


def permission_text(permission: Permission) -> str:
    action = permission.codename.partition("_")[0]
    return f"{permission.content_type} | {PERMISSIONS.get(action) or gettext(permission.name)}"


class TranslatedAdmin(admin.ModelAdmin[Any]):
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().history_view(request, object_id, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data:
            for entry in answer.context_data["action_list"]:
                entry.change_message = _change_text(entry.change_message)
        return answer


class JoinRowsLeftOut:
    """For rows on which only rows of join tables depend. Those have names in the code alone, and mean nothing to an
    operator, so the page that confirms a deletion lists the rows themselves."""

    opts: Any

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        _rows, _counts, permissions, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc] # a mixin
        return list(map(str, objs)), {self.opts.verbose_name_plural: len(objs)}, permissions, protected


def _change_text(message: str) -> str:
    """The text of an entry of the history. It is stored in English: a sentence, or the changes as JSON."""
    try:
        changes = json.loads(message)
    except ValueError:
        return gettext(message) if message else ""
    for change in changes:
        for what in change.values():
            if "fields" in what:
                what["fields"] = [name_text(field) for field in what["fields"]]
            if "name" in what:
                what["name"] = name_text(what["name"])
    return json.dumps(changes)


def name_text(stored: str) -> str:
    """The translated name of a field or a model. A field's name is stored with a capital letter."""
    if (text := gettext(stored)) != stored:
        return text
    return capfirst(gettext(stored[:1].lower() + stored[1:]))


def translated(admin_class: type[admin.ModelAdmin[Any]]) -> type[admin.ModelAdmin[Any]]:
    """The same admin, with a history in the operator's language."""
    return type(admin_class.__name__, (TranslatedAdmin, admin_class), {"__module__": admin_class.__module__})
