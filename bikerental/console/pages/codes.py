"""QR codes of bikes, in sheets to print."""

from typing import NamedTuple
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import CODES_MAX, CODES_OF_SHEET
from bikerental.console.documents import code_picture, code_text
from bikerental.console.pages.base import Page
from bikerental.console.pages.fleet import FleetForm
from bikerental.console.selectors.fleet import BikePage, bikes_chosen, bikes_listed
from bikerental.fleet.models import Bike


class Code(NamedTuple):
    number: str
    picture: str


class CodesPage(Page):
    """Of the bikes that are chosen, or of all that the filters find."""

    permission = "fleet.view_bike"
    section = "fleet"
    template = "console/fleet/codes.html"
    title = _("QR codes")

    def get(self, request: HttpRequest) -> HttpResponse:
        form = FleetForm(request.GET)
        page = self._chosen(request.GET.getlist("bike")) or bikes_listed(
            form.search, after=form.after_number, size=CODES_MAX
        )
        codes = [_code(bike) for bike in page.bikes]
        return self.show(
            {
                "form": form,
                "sheets": [codes[start : start + CODES_OF_SHEET] for start in range(0, len(codes), CODES_OF_SHEET)],
                "next": urlencode({"after": page.next_after}) if page.next_after else "",
            }
        )

    def _chosen(self, given: list[str]) -> BikePage | None:
        if not given:
            return None
        try:
            ids = [forms.UUIDField().clean(text) for text in given[:CODES_MAX]]
        except forms.ValidationError as error:
            raise Http404 from error
        return BikePage(bikes_chosen(ids), None)


def _code(bike: Bike) -> Code:
    return Code(bike.number, code_picture(code_text(bike.number, address=settings.BIKE_CODE_URL)))
