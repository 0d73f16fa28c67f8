"""The personal data of this app: profile, sessions, authenticators, and the operators' changes."""

from bikerental.core.personal_data import ClosedAccount
from bikerental.http.export_sections import ExportSection
from bikerental.users.api import export
from bikerental.users.api.serializers import ProfileOutput
from bikerental.users.models import User
from bikerental.users.services import user_erase

EXPORTED = (
    ExportSection("profile", ProfileOutput(), export.profile),
    ExportSection("authenticators", export.ExportAuthenticatorOutput(many=True), export.authenticators),
    ExportSection("sessions", export.ExportSessionOutput(many=True), export.sessions),
    ExportSection("operators_changes", export.ExportChangeOutput(many=True), export.operators_changes),
)


def erase(account: ClosedAccount) -> None:
    user_erase(user=User.objects.get(pk=account.user_id), now=account.closed_at)
