"""The page that reduces the cost of a ride that is over."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminRadioSelect, AdminSplitDateTime
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from bikerental.billing.admin.base import BookingForm
from bikerental.billing.selectors import cost_of_ride
from bikerental.core.db.clock import database_now
from bikerental.core.money import money_text
from bikerental.http.admin_forms import CITY_TIME_STYLE, form_done
from bikerental.rentals.models import Rental
from bikerental.rentals.pricing import cost_at
from bikerental.rentals.types import Correction


class CorrectionChoice(forms.Form):
    """Three ways to reduce a cost, for forms with the fields `how`, `ended_at` and `amount`."""

    HOW: ClassVar[list[tuple[str, Any]]] = [
        ("end", _("correct the end: the rider pays up to it")),
        ("amount", _("take off an amount")),
        ("all", _("waive all that the ride still costs")),
    ]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        how: Any = self.fields["how"]
        how.choices = self.HOW

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = {"end": "ended_at", "amount": "amount"}.get(cleaned.get("how", ""))
        if needed is not None and cleaned.get(needed) is None and needed not in self.errors:
            self.add_error(needed, _("This decision needs it."))
        return cleaned

    @property
    def correction(self) -> Correction | None:
        how = self.cleaned_data["how"]
        if how == "end":
            return Correction(ended_at=self.cleaned_data["ended_at"])
        return Correction(amount=self.cleaned_data["amount"]) if how == "amount" else Correction()


class CorrectionForm(CorrectionChoice, BookingForm):
    """The reduction of the cost, and the reason."""

    how = forms.ChoiceField(label=_("Decision"), widget=AdminRadioSelect(attrs={"class": "radiolist"}))
    ended_at = forms.SplitDateTimeField(label=_("Corrected end"), required=False, widget=AdminSplitDateTime)
    amount = forms.DecimalField(label=_("Amount"), required=False, max_digits=14, decimal_places=2, localize=True)

    shown: ClassVar = ["how", "ended_at", "amount", "reason"]

    class Media:
        css: ClassVar = CITY_TIME_STYLE


def _cost(rental: Rental) -> Decimal:
    if rental.cost_amount is None:  # not settled: the cost so far
        return cost_at(rental, database_now()).amount
    return cost_of_ride(rental_id=rental.pk)


class CorrectionPageMixin:
    """A page that corrects what a ride costs, by hand or by a claim."""

    admin_site: admin.AdminSite
    opts: Any
    correction_template = "rentals/admin/correct_ride.html"

    def correction_page(
        self,
        request: HttpRequest,
        form: Any,  # it is not a model's form, which the stubs of AdminForm require
        rental: Rental,
        *,
        title: Any,
        back: str,
        correct: Callable[[], None],
        **context: Any,
    ) -> HttpResponse:
        """Show the form, and correct the cost with its data.

        :param correct: corrects the cost with the form's data, or refuses
        """
        if form_done(request, form, run=correct):
            return HttpResponseRedirect(back)
        context |= self.admin_site.each_context(request) | {
            "adminform": AdminForm(form, [(None, {"fields": form.shown})], {}),
            "form": form,
            "rental": rental,
            "cost": f"{money_text(_cost(rental))} {rental.currency}",
            "opts": self.opts,
            "title": title,
            "back": back,
        }
        return TemplateResponse(request, self.correction_template, context)


def correction_text(form: CorrectionForm) -> str:
    """For the admin's history."""
    cleaned = form.cleaned_data
    details = {"end": cleaned.get("ended_at") and cleaned["ended_at"].isoformat(), "amount": cleaned.get("amount")}
    how = cleaned["how"]
    return f"Decided: {how} {details.get(how) or ''}".rstrip() + "."
