"""Operators decide claims."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from bikerental.claims.constants import ClaimStatus
from bikerental.claims.exceptions import ClaimDecidedError
from bikerental.claims.models import Claim
from bikerental.claims.services import claim_decide
from bikerental.claims.types import Decision
from bikerental.core.db.clock import database_now
from bikerental.core.db.transactions import unit_of_work
from bikerental.core.money import money_text
from bikerental.fleet.admin.base import BikeSearchMixin, ReadOnlyMixin
from bikerental.rentals.admin import CorrectionChoice, CorrectionForm, CorrectionPageMixin, correction_text
from bikerental.rentals.types import Correction
from bikerental.users.admin_site import RiderSearch, log_action


class DecisionChoice(CorrectionChoice):
    """A correction or, for a rejected claim, none."""

    HOW: ClassVar = [*CorrectionChoice.HOW, ("no", _("no: the ride costs what it costs"))]

    @property
    def correction(self) -> Correction | None:
        return None if self.cleaned_data["how"] == "no" else super().correction


class DecisionForm(DecisionChoice, CorrectionForm):
    pass


@admin.register(Claim)
class ClaimAdmin(CorrectionPageMixin, BikeSearchMixin, RiderSearch, ReadOnlyMixin, admin.ModelAdmin[Claim]):
    """The list of claims, the newest first. Each open claim links to the page that decides it."""

    list_display = ("created_at", "status", "kind", "bike", "rider_email", "taken_off", "decide_link")
    list_filter = ("status", "kind", "created_at")
    list_select_related = ("rental__bike", "rider", "decided_by")
    search_fields = ("pk",)  # only shows the search box; get_search_results does the search
    bike_field = "rental__bike"
    id_fields = ("pk", "rider", "rental")
    search_help_text = _("Number of the bike, an id, or a part of the rider's e-mail or name.")
    ordering = ("-created_at", "-pk")
    show_full_result_count = False  # counting all rows takes longer than the page
    list_per_page = 50
    correction_template = "claims/admin/decide.html"
    fields: ClassVar = [
        "created_at", "status", "kind", "text", "ride", "bike", "rider_email", "ended_at", "station",
        ("latitude", "longitude"), "decided_at", "operator", "answer", "corrected_end", "taken_off", "decide_link",
    ]  # fmt: skip
    readonly_fields = ("ride", "bike", "rider_email", "operator", "taken_off", "decide_link")

    @admin.display(description=_("bike"))
    def bike(self, claim: Claim) -> str:
        return claim.rental.bike.number

    @admin.display(description=_("rider"))
    def rider_email(self, claim: Claim) -> str:
        return "" if claim.rider.erased_at else claim.rider.email

    @admin.display(description=_("decided by"))
    def operator(self, claim: Claim) -> str:
        return claim.decided_by.name or str(claim.decided_by) if claim.decided_by else ""

    @admin.display(description=_("taken off"))
    def taken_off(self, claim: Claim) -> str:
        return f"{money_text(claim.adjusted_amount)} {claim.rental.currency}" if claim.adjusted_amount else ""

    @admin.display(description=_("ride"))
    def ride(self, claim: Claim) -> str:
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:rentals_rental_change", args=[claim.rental_id]), claim.rental_id
        )

    @admin.display(description=_("action"))
    def decide_link(self, claim: Claim) -> str:
        if claim.status != ClaimStatus.OPEN:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:claims_claim_decide", args=[claim.pk]), _("Decide"))

    def get_urls(self) -> list[URLPattern]:
        decide = path("<uuid:claim_id>/decide/", self.admin_site.admin_view(self.decide), name="claims_claim_decide")
        return [decide, *super().get_urls()]

    def decide(self, request: HttpRequest, claim_id: UUID) -> HttpResponse:
        if not request.user.has_perm("claims.change_claim"):
            raise PermissionDenied
        claims: QuerySet[Claim] = Claim.objects.select_related("rental__bike", "rental__rider", "station")
        claim = get_object_or_404(claims, pk=claim_id)
        back = reverse("admin:claims_claim_changelist")
        if request.method != "POST" and claim.status != ClaimStatus.OPEN:
            messages.error(request, ClaimDecidedError.detail)
            return HttpResponseRedirect(back)
        form = DecisionForm(request.POST or None, initial={"ended_at": claim.ended_at})

        def correct() -> None:
            self._decide(request, claim, form)
            messages.success(request, _("Decided; the rider is told."))

        return self.correction_page(
            request, form, claim.rental, title=_("Decide"), back=back, correct=correct, claim=claim
        )

    @unit_of_work
    def _decide(self, request: HttpRequest, claim: Claim, form: DecisionForm) -> None:
        operator: Any = request.user  # the admin admits only users
        decision = Decision(form.cleaned_data["reason"], form.correction)
        if claim_decide(claim_id=claim.pk, decision=decision, operator_id=operator.pk, now=database_now()):
            log_action(request, [claim], correction_text(form), kind="claim_decided", reason=decision.reason)
