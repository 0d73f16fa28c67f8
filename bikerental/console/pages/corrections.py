"""A form that takes something off the cost of a ride. What the ride will cost is shown before it is done."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bikerental.console.pages.base import ReasonToRiderForm
from bikerental.core.db.clock import database_now
from bikerental.core.money import money_text
from bikerental.rentals.admin import CorrectionChoice
from bikerental.rentals.exceptions import RentalNotFoundError
from bikerental.rentals.models import Rental
from bikerental.rentals.selectors import rental_of_rider
from bikerental.rentals.services import rental_cost_corrected
from bikerental.rentals.types import CorrectedCost


class CorrectionForm(CorrectionChoice, ReasonToRiderForm):
    how = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    ended_at = forms.DateTimeField(
        label=_("Corrected end"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    amount = forms.DecimalField(label=_("Amount"), required=False, max_digits=14, decimal_places=2, localize=True)
    # The cost that the page has shown for this decision. If it would be another by now, nothing is done.
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["how", "ended_at", "amount", "reason"]


class CorrectionFormMixin:
    """Of a `FormPage`: the form acts only with the cost that it has shown."""

    ride: Rental

    def is_confirmed(self, form: Any) -> bool:
        form.costs = self.costs(form)
        price = money_text(form.costs.corrected)
        if form.cleaned_data["shown"] == price:
            return True
        form.data = {**form.data.dict(), "shown": price}
        return False

    def costs(self, form: Any) -> CorrectedCost:
        """The cost now, and with the form's decision.

        :raises Refusal: if it cannot be done
        """
        if self.ride.rider_id is None:  # anonymised: nobody is left to be told
            raise RentalNotFoundError
        row = rental_of_rider(rental_id=self.ride.pk, rider_id=self.ride.rider_id)
        return rental_cost_corrected(rental=row, correction=form.correction, now=database_now())

    def details(self, form: Any) -> Mapping[str, Any]:
        ended_at, amount = form.cleaned_data["ended_at"], form.cleaned_data["amount"]
        how = form.cleaned_data["how"]
        found = {"how": how, "cost": form.cleaned_data["shown"], "currency": self.ride.currency}
        if how == "end" and ended_at:
            found["ended_at"] = ended_at.isoformat()
        if how == "amount":
            found["amount"] = money_text(amount)
        return found
