"""The sections of the console, in the order of its navigation."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Section(NamedTuple):
    """`url` is the name of its first page, `permission` what opens it."""

    url: str
    label: Promise
    permission: str


SECTIONS = (
    Section("today", _("Today"), "console.open_today"),
    Section("map", _("Map"), "fleet.view_bike"),
    Section("fleet", _("Fleet"), "fleet.view_bike"),
    Section("riders", _("Riders"), "users.view_user"),
    Section("claims", _("Claims"), "claims.view_claim"),
    Section("figures", _("Figures"), "console.open_figures"),
    Section("service", _("Service"), "console.open_service"),
    Section("operators", _("Operators"), "console.assign_roles"),
    Section("log", _("Log"), "console.view_action"),
)


def sections_of(request: HttpRequest) -> list[Section]:
    user: Any = request.user
    return [section for section in SECTIONS if user.has_perm(section.permission)]
