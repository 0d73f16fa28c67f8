"""How the console writes numbers, money and times, in the operator's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.apps import apps
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bikerental.billing.constants import EntryKind
from bikerental.console.constants import ROLES
from bikerental.core.money import WHOLE_CURRENCIES
from bikerental.http.admin_words import name_text
from bikerental.maintenance.constants import ReportState
from bikerental.notifications.kinds import message_kinds

register = template.Library()
NONE = "–"
# Without "a.m.": the order of such times is not the order of their text.
TIME_FORMAT = "j M Y, H:i"


@register.filter
def number(value: Decimal | float | None, digits: int = 0) -> str:
    """`1234567` as `1,234,567`, with the separators of the language."""
    if value is None:
        return NONE
    rounded: Any = round(value, digits)
    return formats.number_format(rounded, decimal_pos=digits, use_l10n=True, force_grouping=True)


@register.filter
def percent(share: float | None) -> str:
    return NONE if share is None else f"{number(share * 100, 1)}\N{NO-BREAK SPACE}%"


@register.filter
def milliseconds(seconds: float | None) -> str:
    return NONE if seconds is None else gettext("%s ms") % number(seconds * 1000)


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """The amount with its currency, on one line."""
    if amount is None:
        return NONE
    return f"{number(amount, 0 if currency in WHOLE_CURRENCIES else 2)}\N{NO-BREAK SPACE}{currency}"


@register.filter
def city_time(value: datetime | None) -> str:
    """A moment in the city's zone, with its exact value for programs."""
    if value is None:
        return NONE
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), formats.date_format(local, TIME_FORMAT)
    )


@register.filter
def minutes(value: float | None) -> str:
    """A duration of so many minutes as `2 h 05 min`, a long one as `3 d 4 h`."""
    if value is None:
        return NONE
    hours, rest = divmod(int(value), 60)
    if hours >= 48:
        return gettext("%(days)s d %(hours)s h") % {"days": number(hours // 24), "hours": hours % 24}
    if not hours:
        return gettext("%d min") % rest
    return gettext("%(hours)s h %(minutes)02d min") % {"hours": number(hours), "minutes": rest}


@register.filter
def share(value: float | None, digits: int = 0) -> str:
    """A share of one in per cent."""
    if value is None:
        return NONE
    return gettext("%(number)s%%") % {"number": number(100 * value, digits)}


@register.simple_tag
def figure(value: Any, kind: str, digits: int = 0, currency: str = "") -> str:
    """A value of the page of figures, by its kind."""
    match kind:
        case "money":
            return money(value, currency)
        case "whole":  # large sums, without the smaller unit
            return f"{number(value)} {currency}"
        case "share":
            return share(value, digits)
        case "minutes":
            return minutes(value)
        case "text":
            return str(value)
    return number(value, digits)


@register.filter
def change(value: float | None) -> str:
    """A change as a share of what it was: `+12%`."""
    if value is None:
        return NONE
    if abs(value) < 0.005:
        return "±" + share(0)
    return ("+" if value > 0 else "\N{MINUS SIGN}") + share(abs(value))


@register.filter
def plain(value: Any) -> str:
    """A number for programs."""
    return "" if value is None else format(value, "")


@register.filter
def entry_kind(kind: str) -> str:
    return str(EntryKind(kind).label)


@register.filter
def message_kind(name: str) -> str:
    """The label of a kind of messages; the name itself where the release that wrote it knew another kind."""
    kind = message_kinds().get(name)
    return str(kind.label) if kind else name


@register.filter
def thing(details: Mapping[str, str]) -> str:
    """Which row of the admin it was, with a link to its page; empty if it was not of the admin."""
    if "model" not in details:
        return ""
    try:
        options = apps.get_model(details["model"])._meta
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[details["row"]])
    except (LookupError, NoReverseMatch):  # of another release
        return details["model"]
    return format_html('<a href="{}">{}</a>', address, capfirst(str(options.verbose_name)))


@register.filter
def detail_value(details: Mapping[str, str], name: str) -> str:
    value = details[name]
    if name == "fields":
        return ", ".join(name_text(field) for field in value.split(", "))
    if name == "action" and "model" in details:
        return _action_text(details["model"], value)
    if name == "roles":
        return roles(value.split(", "))
    choices = {"entry": EntryKind, "state": ReportState}.get(name)
    return str(choices(value).label) if choices and value in choices.values else value


def _action_text(label: str, name: str) -> str:
    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    return str(getattr(getattr(pages.get(label), name, None), "short_description", name))


NOT_SHOWN = {"model", "row"}  # `thing` shows them


@register.filter
def detail_names(details: Mapping[str, str]) -> list[str]:
    return [name for name, value in details.items() if name not in NOT_SHOWN and value != ""]


@register.filter
def roles(names: Sequence[str]) -> str:
    return ", ".join(str(ROLES.get(name, _("none"))) for name in names) or str(_("none"))


DETAILS = {
    "how": _("decision"),
    "cost": _("cost after it"),
    "currency": _("currency"),
    "amount": _("amount"),
    "ended_at": _("ended at"),
    "entry": _("entry"),
    "state": _("state"),
    "tariff": _("tariff"),
    "fields": _("fields"),
    "action": _("action"),
    "rows": _("rows"),
    "roles": _("roles"),
    "name": _("name"),
    "stations_added": _("new stations"),
    "stations_changed": _("changed stations"),
    "bikes_added": _("new bikes"),
    "bikes_changed": _("changed bikes"),
    "places_kept": _("bikes left where they are"),
}


@register.filter
def detail_name(name: str) -> str:
    return str(DETAILS.get(name, name))
