"""The agencies that read the city's view: an operator makes a token, sees it once, and can end it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bikerental.feeds.exceptions import AgencyHasTokenError
from bikerental.feeds.models import Agency
from bikerental.feeds.selectors.agencies import has_agency_token
from bikerental.feeds.services import agencies_end, agency_add


class AgencyForm(forms.ModelForm[Agency]):
    class Meta:
        model = Agency
        fields: ClassVar = ["name"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if has_agency_token(name=name):
            raise ValidationError(AgencyHasTokenError.detail, code=AgencyHasTokenError.code)
        return name


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin[Agency]):
    """Rows are made and ended, never changed or deleted: they say who could read when."""

    form = AgencyForm
    list_display = ("name", "created_at", "last_used_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False
    actions = ("end",)
    readonly_fields = ("created_at", "last_used_at", "ended_at")

    def get_fields(self, request: HttpRequest, agency: Agency | None = None) -> Any:
        return ["name"] if agency is None else ["name", *self.readonly_fields]

    def save_model(self, request: HttpRequest, agency: Agency, form: Any, change: bool) -> None:
        new = agency_add(name=agency.name, now=timezone.now())
        agency.pk, request.new_token = new.id, new.token  # type: ignore[attr-defined] # for the answer alone

    def response_add(self, request: HttpRequest, agency: Agency, post_url_continue: str | None = None) -> HttpResponse:
        """The page with the token, without a redirect: a redirect would need the token to be stored until then."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Token of %(name)s") % {"name": agency.name},
            "opts": self.opts,
            "token": request.new_token,  # type: ignore[attr-defined]
            "back": reverse("admin:feeds_agency_changelist"),
        }
        return TemplateResponse(request, "feeds/admin/token.html", context)

    @admin.action(description=_("End the tokens"), permissions=["end"])
    def end(self, request: HttpRequest, agencies: QuerySet[Agency]) -> None:
        count = agencies_end(agency_ids=list(agencies.values_list("pk", flat=True)), now=timezone.now())
        text = ngettext("%d token has ended.", "%d tokens have ended.", count) % count
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("feeds.change_agency")

    def has_change_permission(self, request: HttpRequest, agency: Agency | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, agency: Agency | None = None) -> bool:
        return False
