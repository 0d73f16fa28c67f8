"""Operators and their roles."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import ROLES, ActionKind
from bikerental.console.pages.base import FormPage, Page, ReasonForm
from bikerental.console.selectors.operators import operator_of, operators, roles_of
from bikerental.console.services import roles_require_right, roles_set
from bikerental.console.types import NewAction
from bikerental.users.models import User

MAY = {
    "viewer": _("sees the day, the map, bikes, stations and zones"),
    "technician": _("also moves bikes, edits stations and reads reports of defects"),
    "support": _("also sees riders, rides and messages, ends and corrects rides, and decides claims"),
    "manager": _("does all of this, and books money, draws zones, sets tariffs and gives roles"),
}


class OperatorsPage(Page):
    permission = "console.assign_roles"
    section = "operators"
    template = "console/operators.html"
    title = _("Operators")

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show({"operators": operators(), "roles": [(ROLES[name], text) for name, text in MAY.items()]})


class RolesForm(ReasonForm):
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=[(name, label) for name, label in ROLES.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a role an operator can log in and open nothing."),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ["roles", "reason"]


class RolesPage(FormPage):
    permission = "console.assign_roles"
    section = "operators"
    template = "console/roles.html"
    title = _("Roles of an operator")
    form_class = RolesForm
    kind = ActionKind.ROLES_SET
    done = _("The roles are set. They count from the operator's next page.")

    @cached_property
    def user(self) -> User:
        found = operator_of(user_id=self.kwargs["user_id"])
        if found is None:
            raise Http404
        return found

    def require(self) -> None:
        roles_require_right(operator=self.operator, user=self.user, roles=[])

    def make_form(self, data: Any = None) -> Any:
        roles = roles_of(self.user)
        return RolesForm(data, initial={"roles": roles, "shown": " ".join(roles)})

    def perform(self, form: Any, action: NewAction) -> None:
        roles, seen = form.cleaned_data["roles"], form.cleaned_data["shown"].split()
        roles_set(user_id=self.user.pk, roles=roles, seen=seen, operator_id=action.operator_id)

    def concerns(self, form: Any) -> Mapping[str, UUID | None]:
        return {"rider_id": self.user.pk}

    def details(self, form: Any) -> Mapping[str, Any]:
        return {"roles": ", ".join(name for name in ROLES if name in form.cleaned_data["roles"]) or "none"}

    def about(self) -> Mapping[str, Any]:
        return {"of": self.user}

    def back(self) -> str:
        return reverse("console:operators")
