"""Routes of the users app below the API's base; `me/` itself, and asking for another
password, which needs mail, are routed by the apps above."""

from django.urls import path

from bikerental.users.api.views import (
    LoginView,
    LogoutView,
    PasswordView,
    RefreshView,
    RegisterView,
    ResetConfirmView,
    VerifyView,
)

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="register"),
    path("auth/token/", LoginView.as_view(), name="token"),
    path("auth/token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("auth/token/verify/", VerifyView.as_view(), name="token-verify"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("auth/password/reset/confirm/", ResetConfirmView.as_view(), name="password-reset-confirm"),
    path("me/password/", PasswordView.as_view(), name="me-password"),
]
