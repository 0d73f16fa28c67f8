"""The refusals of the feeds app."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Kind, Refusal


class AgencyHasTokenError(Refusal):
    kind = Kind.CONFLICT
    code = "agency_has_token"
    detail = _("An agency of this name has a token. End that one first.")


class NoAgencyError(Refusal):
    kind = Kind.NOT_FOUND
    code = "no_agency"
    detail = _("No agency of this name has a token.")


class VehicleNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "vehicle_not_found"
    detail = _("There is no such vehicle.")


class HourNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "hour_not_found"
    detail = _("This hour is not over, is older than what is kept, or is from before the first day of operation.")


class ReportNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "report_not_found"
    detail = _("There is a report for each whole month of operation for which riders can still be counted.")
