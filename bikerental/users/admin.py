"""The admin's pages for accounts: operators find, reopen and log out accounts here.

Nothing is deleted: only the owner erases an account, through the API, and the row stays for its rides. Closing an
account also concerns its ride, so `accounts` adds that action and registers the page.
"""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from bikerental.http.admin_words import JoinRowsLeftOut
from bikerental.users.admin_site import EmailSearch, log_action
from bikerental.users.exceptions import EmailTakenError
from bikerental.users.models import User
from bikerental.users.selectors import open_sessions_count, user_of_email
from bikerental.users.services import accounts_reopen, password_reset, sessions_end


class EmailForm(forms.ModelForm[User]):
    """Refuses an address that is taken in any equivalent spelling, as the API does."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        owner = user_of_email(email=email)
        if owner is not None and owner.pk != self.instance.pk and "email" in self.changed_data:
            raise ValidationError(EmailTakenError.field_detail, code=EmailTakenError.field_code)
        return email


class UserForm(EmailForm):
    class Meta:
        model = User
        fields: ClassVar = ["email", "name", "language"]


class UserAddForm(EmailForm, BaseUserCreationForm[User]):
    class Meta:
        model = User
        fields: ClassVar = ["email", "name"]


class PasswordResetForm(AdminPasswordChangeForm):  # type: ignore[type-arg] # generic in the stubs alone
    """Sets a password and ends every session of the account."""

    # Django translates its own text at import, into English. The page's script shows the warning.
    usable_password_help_text: Any = format_lazy(
        '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
        _("Whether the user can log in with a password."),
        _("If not, the current password is lost."),
    )

    def set_password_and_save(self, user: User, commit: bool = True, **names: str) -> User:
        super().set_password_and_save(user, commit=False, **names)  # type: ignore[misc] # not in the stubs
        if commit:
            password_reset(user_id=user.pk, encoded=user.password, now=timezone.now())
        return user


class UserAdmin(EmailSearch, DjangoUserAdmin[User]):
    form = UserForm
    add_form = UserAddForm
    change_password_form = PasswordResetForm
    list_display = ("email", "name", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", ("created_at", admin.DateFieldListFilter))
    search_fields = ("email", "name")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ["end_sessions", "reopen_accounts"]
    fieldsets = (
        (None, {"fields": ("id", "email", "name", "language", "password_form")}),
        (
            _("state"),
            {"fields": ("is_active", "email_confirmed_at", "open_sessions", "created_at", "last_login", "erased_at")},
        ),
        (_("permissions"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    # Only the actions change whether an account is open, because they end the sessions too.
    readonly_fields = (
        "id", "password_form", "is_active", "email_confirmed_at", "open_sessions", "created_at", "last_login",
        "erased_at",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if request.user.is_superuser:
            return self.readonly_fields
        # An operator who may edit accounts must not be able to promote one.
        return (*self.readonly_fields, "is_staff", "is_superuser", "groups", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and (obj.erased_at is not None or not self.may_change_user(request, obj)):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.save(force_insert=True)
            return
        # Only the fields that the form changed, so that a password change or a closing at the same time stays.
        columns = {field.name for field in User._meta.concrete_fields}.intersection(form.changed_data)
        if form.initial["email"] != obj.email:
            obj.email_confirmed_at = None  # the new address is not confirmed
            columns.add("email_confirmed_at")
        obj.save(update_fields=columns)

    @admin.display(description=_("password"))
    def password_form(self, obj: User) -> SafeString:
        return format_html('<a href="../password/">{}</a>', _("Set another password"))

    @admin.display(description=_("open sessions"))
    def open_sessions(self, obj: User) -> int:
        return open_sessions_count(user_id=obj.pk, now=timezone.now())

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ids = self.changeable(request, queryset)
        sessions_end(user_ids=ids, now=timezone.now())
        self.report(request, ids, gettext_noop("Ended all sessions."), "sessions_ended")

    @admin.action(description=_("Reopen the accounts"), permissions=["change"])
    def reopen_accounts(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        reopened = accounts_reopen(user_ids=self.changeable(request, queryset))
        self.report(request, reopened, gettext_noop("Reopened the account."), "rider_unblocked")

    def report(self, request: HttpRequest, ids: list[UUID], change: str, kind: str) -> None:
        """Write the change into the accounts' history, and show it to the operator.

        :param change: in English; the history translates it when it is shown
        :param kind: of the operators' log
        """
        log_action(request, list(User.objects.filter(pk__in=ids)), change, kind=kind)
        count = len(ids)
        text = ngettext("%(count)d account changed.", "%(count)d accounts changed.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    def may_change_user(self, request: HttpRequest, user: User) -> bool:
        """Only superusers may change operators."""
        return bool(request.user.is_superuser) or not (user.is_staff or user.is_superuser)

    def changeable(self, request: HttpRequest, queryset: QuerySet[User]) -> list[UUID]:
        return [user.pk for user in queryset if self.may_change_user(request, user)]


admin.site.unregister([Group, TOTPDevice])  # the imports above made the packages register their own


@admin.register(Group)
class RoleAdmin(JoinRowsLeftOut, GroupAdmin):
    pass


@admin.register(TOTPDevice)
class OurTOTPDeviceAdmin(TOTPDeviceAdmin):  # type: ignore[misc] # the package brings no types
    """The package's page, with headings in the operator's language."""

    search_help_text = _("E-mail of the user, or a part of it.")

    def get_fieldsets(self, request: HttpRequest, obj: TOTPDevice | None = None) -> list[tuple[str | None, Any]]:
        fieldsets = super().get_fieldsets(request, obj)
        return [(heading and gettext(heading), options) for heading, options in fieldsets]
