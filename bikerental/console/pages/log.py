"""Who did what."""

from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from bikerental.console.pages.base import Page
from bikerental.console.selectors.log import CONCERNED, actions_page


class LogForm(forms.Form):
    """The parameters of the address: of whom or what, and from where on."""

    operator = forms.UUIDField(required=False)
    bike = forms.UUIDField(required=False)
    rental = forms.UUIDField(required=False)
    rider = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)

    @property
    def concerned(self) -> dict[str, UUID]:
        given = {name: self.cleaned_data[name.removesuffix("_id")] for name in CONCERNED}
        return {name: value for name, value in given.items() if value is not None}


class LogPage(Page):
    permission = "console.view_action"
    section = "log"
    template = "console/log.html"
    title = _("Who did what")

    def get(self, request: HttpRequest) -> HttpResponse:
        form = LogForm(request.GET)
        if not form.is_valid():
            raise Http404
        page = actions_page(concerned=form.concerned, before=form.cleaned_data["before"])
        chosen = {name.removesuffix("_id"): value for name, value in form.concerned.items()}
        return self.show({"page": page, "is_filtered": bool(chosen), "filter": urlencode(chosen)})
