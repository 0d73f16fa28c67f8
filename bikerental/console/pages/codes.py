"""QR codes of bikes, in sheets to print."""

from collections.abc import Sequence
from typing import NamedTuple

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from bikerental.console.constants import CODES_MAX, CODES_OF_SHEET
from bikerental.console.documents import code_picture, code_text
from bikerental.console.pages.base import Page
from bikerental.console.pages.fleet import FleetForm
from bikerental.console.selectors.fleet import bikes_chosen, bikes_listed
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
        bikes, further = self._chosen(request.GET.getlist("bike")), ""
        if bikes is None:
            page = bikes_listed(form.search, cursor=form.cursor, size=CODES_MAX)
            bikes, further = page.rows, form.further(page)
        codes = [_code(bike) for bike in bikes]
        return self.show(
            {
                "form": form,
                "sheets": [codes[start : start + CODES_OF_SHEET] for start in range(0, len(codes), CODES_OF_SHEET)],
                "next": further,
            }
        )

    def _chosen(self, given: list[str]) -> Sequence[Bike] | None:
        if not given:
            return None
        try:
            ids = [forms.UUIDField().clean(text) for text in given[:CODES_MAX]]
        except forms.ValidationError as error:
            raise Http404 from error
        return bikes_chosen(ids)


def _code(bike: Bike) -> Code:
    return Code(bike.number, code_picture(code_text(bike.number, address=settings.BIKE_CODE_URL)))
