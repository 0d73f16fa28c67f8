"""The operators' second factor: a time-based code (RFC 6238)."""

from uuid import UUID

from django_otp import verify_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from bikerental.core.db.transactions import unit_of_work
from bikerental.users.exceptions import NoOperatorError, SecondFactorTakenError
from bikerental.users.locks import user_lock
from bikerental.users.models import User


@unit_of_work
def second_factor_enrol(*, user_id: UUID, replace: bool) -> str:
    """Create an authenticator. Returns its `otpauth://` address, which is shown only here.

    :raises NoOperatorError: if the user is not an open operator's account
    :raises SecondFactorTakenError: if there is one already and `replace` is false
    """
    user = user_lock(user_id=user_id)
    if user is None or not user.is_staff:
        raise NoOperatorError
    devices = TOTPDevice.objects.filter(user=user)
    if devices.exists() and not replace:
        raise SecondFactorTakenError
    devices.delete()
    return str(TOTPDevice.objects.create(user=user, name="authenticator").config_url)


def second_factor_match(*, user: User, code: str) -> int | None:
    """The id of the user's authenticator that shows this code now, or None. A code is valid once.

    It locks each device while it checks it. A wrong code delays the next one, as in the admin.
    """
    devices = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk")
    matching = (device.pk for device in devices if verify_token(user, device.persistent_id, code))
    return next(matching, None)
