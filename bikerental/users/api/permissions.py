"""What operators may do through the API."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from bikerental.users.api.authentication import session_of
from bikerental.users.exceptions import SecondFactorNeededError
from bikerental.users.models import User
from bikerental.users.selectors import session_has_second_factor


class OperatorPermission(BasePermission):
    """The same rights as in the admin, in a session that began with a code and is younger than a shift.

    :raises SecondFactorNeededError: if the operator has the right, but gave no code
    """

    permission: ClassVar[str]

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not isinstance(user, User) or not (user.is_staff and user.has_perm(self.permission)):
            return False
        if settings.ADMIN_SECOND_FACTOR and not session_has_second_factor(
            user_id=user.pk,
            session_id=session_of(request),
            since=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE),
        ):
            raise SecondFactorNeededError
        return True
