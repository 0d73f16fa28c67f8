"""The refusals of the maintenance app."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Kind, Refusal


class ReportNotFoundError(Refusal):
    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is nothing here.")


class UploadNotFoundError(Refusal):
    """There is no such upload, or it is another user's, or for another bike or report."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    detail = _("There is nothing here.")
