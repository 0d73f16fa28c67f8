"""The refusals of the users app."""

from django.utils.translation import gettext_lazy as _

from bikerental.core.errors import FieldRefusal, Kind, Refusal


class EmailTakenError(FieldRefusal):
    field = "email"
    field_code = "email_taken"
    field_detail = _("An account with this e-mail exists already.")


class PasswordWrongError(FieldRefusal):
    """The caller's own password, asked for again, is wrong."""

    field_code = "password_wrong"
    field_detail = _("This is not your current password.")

    def __init__(self, *, field: str) -> None:
        super().__init__()
        self.field = field  # type: ignore[misc] # the two endpoints name it differently


class ResetTokenInvalidError(FieldRefusal):
    """One answer for an invented, used or expired token and for a closed account."""

    field = "token"
    field_code = "reset_token_invalid"
    field_detail = _("This link has been used, has expired or is damaged. Ask for a new one.")


class EmailTokenInvalidError(FieldRefusal):
    """One answer for an invented, used or expired token, for an e-mail that has changed, and for a closed account."""

    field = "token"
    field_code = "email_token_invalid"
    field_detail = _("This link has been used, has expired or is damaged. Ask for a new one.")


class EmailNotConfirmedError(Refusal):
    kind = Kind.FORBIDDEN
    code = "email_not_confirmed"
    detail = _("Confirm your e-mail first: open the link that was mailed to you, or ask for a new one.")


class CredentialsInvalidError(Refusal):
    """One answer for an unknown e-mail, a wrong password and a closed account."""

    kind = Kind.UNAUTHENTICATED
    code = "credentials_invalid"
    detail = _("The e-mail or the password is wrong.")


class CodeInvalidError(CredentialsInvalidError):
    """E-mail, password or code is wrong, in a request that gave a code."""

    detail = _("The e-mail, the password or the code is wrong.")


class SecondFactorNeededError(Refusal):
    kind = Kind.FORBIDDEN
    code = "forbidden"
    detail = _("Operators give a code beside the password: log in again with `code`.")


class TokenInvalidError(Refusal):
    kind = Kind.UNAUTHENTICATED
    code = "token_invalid"
    detail = _("The token is not valid, has expired, or its session has ended. Log in again.")


class AccountClosedError(Refusal):
    """The account was closed while the request was handled."""

    kind = Kind.UNAUTHENTICATED
    code = "token_invalid"
    detail = _("This account has been closed.")


class NoOperatorError(Refusal):
    kind = Kind.NOT_FOUND
    code = "no_operator"
    detail = _("This is not the e-mail of an operator's open account.")


class SecondFactorTakenError(Refusal):
    kind = Kind.CONFLICT
    code = "second_factor_taken"
    detail = _("This operator has an authenticator already.")
