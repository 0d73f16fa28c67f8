"""The first page: what wants a hand today."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from bikerental.console.pages.base import Page


class TodayPage(Page):
    permission = "console.open_today"
    section = "today"
    template = "console/today.html"
    title = _("Today")

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show()
