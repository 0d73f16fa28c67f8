"""The operators' log: who did what, when and why."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from bikerental.console.models import Action
from bikerental.console.pages.base import Page
from bikerental.console.selectors.log import CONCERNED, NEWEST_FIRST, actions_of, actions_page
from bikerental.core.db.keyset import Cursor, rows_in_order

COLUMNS = ("happened_at", "operator", "kind", *CONCERNED[1:], "claim_id", "station_id", "zone_id", "reason", "details")


def _line(action: Action) -> Sequence[Any]:
    about = (getattr(action, name) for name in COLUMNS[3:-2])
    details = json.dumps(action.details, ensure_ascii=False) if action.details else ""
    operator = action.operator.name or action.operator.email
    return (action.created_at, operator, action.kind, *about, action.reason, details)


class LogForm(forms.Form):
    """The parameters of the address: ids to filter by, and the id below which the page begins."""

    operator = forms.UUIDField(required=False)
    bike = forms.UUIDField(required=False)
    rental = forms.UUIDField(required=False)
    rider = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)

    @property
    def concerned(self) -> dict[str, UUID]:
        given = {name: self.cleaned_data[name.removesuffix("_id")] for name in CONCERNED}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def cursor(self) -> Cursor | None:
        before = self.cleaned_data["before"]
        return None if before is None else Cursor((before,))


class LogPage(Page):
    permission = "console.view_action"
    section = "log"
    template = "console/log.html"
    title = _("Who did what")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = LogForm(request.GET)
        if not form.is_valid():
            raise Http404
        if self.is_file_wanted:
            actions = rows_in_order(actions_of(form.concerned), NEWEST_FIRST)
            return self.send_file("log", COLUMNS, map(_line, actions))
        page = actions_page(concerned=form.concerned, cursor=form.cursor)
        chosen = {name.removesuffix("_id"): value for name, value in form.concerned.items()}
        return self.show({"page": page, "is_filtered": bool(chosen), "filter": urlencode(chosen)})
