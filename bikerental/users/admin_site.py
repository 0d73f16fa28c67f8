"""The operators' door."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_otp import devices_for_user
from django_otp.admin import OTPAdminAuthenticationForm, OTPAdminSite

from bikerental.http.admin_forms import versioned
from bikerental.http.admin_queries import checked
from bikerental.http.admin_words import translated
from bikerental.users.models import User
from bikerental.users.types import email_normalise


class EmailSearch:
    """For an admin whose search has e-mails in it: they are found in every spelling."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = (email_normalise(word) if "@" in word else word for word in search_term.split())
        found: tuple[QuerySet[Any], bool]
        found = super().get_search_results(request, queryset, " ".join(words))  # type: ignore[misc] # a mixin
        return found


class OperatorLoginForm(OTPAdminAuthenticationForm):  # type: ignore[misc] # the library comes without types
    """Password and code at once: who has one authenticator need not be asked which."""

    def clean_otp(self, user: User | None) -> None:
        devices = list(devices_for_user(user)) if user and not self.cleaned_data["otp_device"] else []
        if len(devices) == 1:
            self.cleaned_data["otp_device"] = devices[0].persistent_id
        super().clean_otp(user)


class OperatorSite(AdminSite):
    """Wants a code from the operator's authenticator beside the password, where the settings say so.

    Who has no authenticator is not let in: `manage.py operator_enrol` gives one.
    """

    site_title = "bikerental"

    @property
    def site_header(self) -> str:  # type: ignore[override] # in the operator's language
        return _("bikerental: times are those of %(zone)s") % {"zone": settings.CITY_TIME_ZONE}

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        # Here, so that no page of the admin can do without, the packages' own neither.
        super().register(model_or_iterable, translated(checked(versioned(admin_class or ModelAdmin))), **options)

    @property
    def login_form(self) -> type[AdminAuthenticationForm]:  # type: ignore[override] # asked at each login
        return OperatorLoginForm if settings.ADMIN_SECOND_FACTOR else AdminAuthenticationForm

    @property
    def login_template(self) -> str | None:  # type: ignore[override] # asked at each login
        return OTPAdminSite.login_template if settings.ADMIN_SECOND_FACTOR else None

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user  # with what the middleware added
        return super().has_permission(request) and (not settings.ADMIN_SECOND_FACTOR or user.is_verified())
