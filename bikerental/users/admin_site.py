"""The admin site and its log-in."""

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_otp import devices_for_user
from django_otp.admin import OTPAdminAuthenticationForm, OTPAdminSite

from bikerental.core.identifiers import uuid_or_none
from bikerental.http.admin_forms import versioned
from bikerental.http.admin_queries import checked
from bikerental.http.admin_words import translated
from bikerental.users.models import User
from bikerental.users.selectors import users_search
from bikerental.users.types import email_normalise, email_spellings


class EmailSearch:
    """For admin pages that search e-mails: finds an e-mail in every spelling."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = (email_normalise(word) if "@" in word else word for word in search_term.split())
        found: tuple[QuerySet[Any], bool]
        found = super().get_search_results(request, queryset, " ".join(words))  # type: ignore[misc] # a mixin
        return found


class RiderSearch:
    """For pages of rows that have a rider: finds them by a part of the rider's e-mail or name, or by an id, whole.

    An operator who may not see accounts must give the whole e-mail, so that no search tells addresses.
    """

    rider_field: ClassVar = "rider"
    id_fields: ClassVar[tuple[str, ...]] = ("pk", "rider")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not term:
            return queryset, False
        searched = uuid_or_none(term)
        if searched is not None:
            same = [Q(**{name: searched}) for name in self.id_fields]
            return queryset.filter(reduce(operator.or_, same)), False
        whole = Q(**{f"{self.rider_field}__email__in": email_spellings(term)})
        if not request.user.has_perm("users.view_user"):
            return queryset.filter(whole), False
        return queryset.filter(**{f"{self.rider_field}__in": [user.pk for user in users_search(words=term)]}), False


class OperatorLoginForm(OTPAdminAuthenticationForm):  # type: ignore[misc] # the library comes without types
    """Asks for password and code at once. It does not ask which authenticator, because an operator has one."""

    def clean_otp(self, user: User | None) -> None:
        devices = list(devices_for_user(user)) if user and not self.cleaned_data["otp_device"] else []
        if len(devices) == 1:
            self.cleaned_data["otp_device"] = devices[0].persistent_id
        super().clean_otp(user)


class OperatorSite(AdminSite):
    """Requires a code from the operator's authenticator besides the password, if the settings require it.

    Operators without an authenticator cannot log in: `manage.py operator_enrol` sets one up.
    """

    site_title = "bikerental"
    site_header = _("bikerental: admin")
    index_title = _("Admin")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # Here, so that every page of the admin gets these checks, also the pages of packages.
        super().register(model_or_iterable, translated(checked(versioned(admin_class or ModelAdmin))), **options)

    def log(self, request: HttpRequest, rows: Sequence[Model], text: str, *, kind: str, **_fields: Any) -> None:
        """Write what an operator did into the history of the rows. The console's site also writes the operators'
        log."""
        LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, text)

    @property
    def login_form(self) -> type[AdminAuthenticationForm]:  # type: ignore[override] # asked at each login
        return OperatorLoginForm if settings.ADMIN_SECOND_FACTOR else AdminAuthenticationForm

    @property
    def login_template(self) -> str | None:  # type: ignore[override] # asked at each login
        return OTPAdminSite.login_template if settings.ADMIN_SECOND_FACTOR else None

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user  # with the attributes that the middleware adds
        return super().has_permission(request) and (not settings.ADMIN_SECOND_FACTOR or user.is_verified())


def log_action(request: HttpRequest, rows: Sequence[Model], text: str, *, kind: str, **fields: Any) -> None:
    """Write into the history of the rows, and into the operators' log, what the operator of the request did.

    :param text: for the history: an English sentence, which is translated when it is shown
    :param kind: for the operators' log: a value of the console's `ActionKind`
    :param fields: for the operators' log: `reason`; `details`, which is JSON without personal data; `concerns`, ids by
        column, if the rows do not have them
    """
    site: Any = admin.site
    site.log(request, rows, text, kind=kind, **fields)
