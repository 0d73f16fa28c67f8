"""Tariffs and the models of bikes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from bikerental.fleet.admin.base import FleetAdmin
from bikerental.fleet.models import BikeModel, Tariff
from bikerental.fleet.types import TariffTerms

TERMS = TariffTerms._fields[1:]  # all but the name, which may change


class TariffForm(forms.ModelForm[Tariff]):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance._state.adding:
            for name in set(self.changed_data) & set(TERMS):
                self.add_error(name, _("The terms of a tariff do not change: save it as a new one."))
        return cleaned


@admin.register(Tariff)
class TariffAdmin(FleetAdmin[Tariff]):
    form = TariffForm
    list_display = ("name", "currency", "unlock_fee", "per_minute", "free_minutes", "daily_cap", "out_of_area_fee")
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", *TERMS)
    save_as = True


@admin.register(BikeModel)
class BikeModelAdmin(FleetAdmin[BikeModel]):
    list_display = ("name", "propulsion", "max_range_m")
    list_filter = ("propulsion",)
    search_fields = ("name",)
    ordering = ("name", "pk")
