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
    """The `otpauth://` address that an authenticator is fed with. It is shown once, here.

    :raises NoOperatorError: if the user is not an open operator's account
    :raises SecondFactorTakenError: if there is one already and it may not be replaced
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
    """The user's authenticator that shows this code now; None if none does. A code is good once.

    Locks each device while it is asked; a wrong code delays the next, as in the admin.
    """
    devices = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk")
    matching = (device.pk for device in devices if verify_token(user, device.persistent_id, code))
    return next(matching, None)
