"""Routes of the users app below the API's base.

The apps above route `me/` itself, registration and the request for a password reset, because these send mail.
"""

from django.urls import path

from bikerental.users.api.views import (
    EmailConfirmView,
    LoginView,
    LogoutView,
    PasswordView,
    RefreshView,
    ResetConfirmView,
    VerifyView,
)

urlpatterns = [
    path("auth/token/", LoginView.as_view(), name="token"),
    path("auth/token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("auth/token/verify/", VerifyView.as_view(), name="token-verify"),
    path("auth/email/confirm/", EmailConfirmView.as_view(), name="email-confirm"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("auth/password/reset/confirm/", ResetConfirmView.as_view(), name="password-reset-confirm"),
    path("me/password/", PasswordView.as_view(), name="me-password"),
]
