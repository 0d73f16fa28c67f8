"""The refusals of the console."""

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


class FilesForgottenError(Refusal):
    kind = Kind.CONFLICT
    code = "files_forgotten"
    detail = _("These files are no longer kept. Check them again. Nothing was written.")


class AccountUnchangedError(Refusal):
    kind = Kind.CONFLICT
    code = "account_unchanged"
    detail = _("The account is as you want it already. Nothing was changed.")


class OwnRolesError(Refusal):
    kind = Kind.FORBIDDEN
    code = "own_roles"
    detail = _("You cannot change your own roles. Ask another manager.")


class SuperuserRolesError(Refusal):
    kind = Kind.FORBIDDEN
    code = "superuser_roles"
    detail = _("A superuser may do everything without a role. Only a superuser changes that, in the admin.")


class RoleBeyondRightsError(Refusal):
    kind = Kind.FORBIDDEN
    code = "role_beyond_rights"
    detail = _("You can give and take only roles whose rights you have yourself. Nothing was changed.")


class RolesChangedError(Refusal):
    kind = Kind.CONFLICT
    code = "roles_changed"
    detail = _("Somebody has changed these roles meanwhile. Look again. Nothing was changed.")


class RolesUnchangedError(Refusal):
    kind = Kind.CONFLICT
    code = "roles_unchanged"
    detail = _("The operator has these roles already. Nothing was changed.")
