"""What the console refuses."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import Kind, Refusal


class RiderRidingError(Refusal):
    kind = Kind.CONFLICT
    code = "rider_riding"
    detail = _("The rider is riding. End the ride first, then block the account. Nothing was changed.")


class OperatorsAccountError(Refusal):
    kind = Kind.FORBIDDEN
    code = "operators_account"
    detail = _("This is an operator's account. Only a superuser changes it, in the admin.")


class AccountUnchangedError(Refusal):
    kind = Kind.CONFLICT
    code = "account_unchanged"
    detail = _("The account is as you want it already. Nothing was changed.")
