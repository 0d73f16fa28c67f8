"""The declared shape of the account endpoints' responses."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bikerental.billing.constants import EntryKind


class BalanceOutput(serializers.Serializer[Any]):
    currency = serializers.CharField(help_text=_("ISO 4217"))
    amount = serializers.CharField(help_text=_("Decimal with two digits; a positive one is owed."))

    class Meta:
        ref_name = "Balance"
        example = {"currency": "RUB", "amount": "145.00"}


class RiderAccountOutput(serializers.Serializer[Any]):
    balances = BalanceOutput(many=True, help_text=_("One for each currency."))
    may_rent = serializers.BooleanField(
        help_text=_("False if the caller owes more than is allowed. Rides in dispute do not count.")
    )
    disputed = BalanceOutput(many=True, help_text=_("The part of the balances that is for rides in dispute."))

    class Meta:
        ref_name = "RiderAccount"
        example = {"balances": [BalanceOutput.Meta.example], "may_rent": True, "disputed": []}


class EntryOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    amount = serializers.CharField(help_text=_("Decimal with two digits; a positive one adds to what is owed."))
    currency = serializers.CharField(help_text=_("ISO 4217"))
    rental = serializers.UUIDField(allow_null=True, help_text=_("Id of the ride that it is about."))
    reason = serializers.CharField(allow_blank=True, help_text=_("What the operator wrote; empty for a charge."))
    created_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Entry"
        example = {
            "id": "01a20844-d8b2-7c11-8a53-4f0c2d9e7b60",
            "kind": "charge",
            "amount": "145.00",
            "currency": "RUB",
            "rental": "01a20844-d8ae-7a36-91f4-8b2d6c0e5f17",
            "reason": "",
            "created_at": "2026-05-01T09:18:41Z",
        }
