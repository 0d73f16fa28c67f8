"""Routes of the notifications app: those below the API's base, and the one for SNS beside it."""

from django.urls import path

from bikerental.notifications.api.views import RegisterView, ResendView, ResetView, SnsView

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="register"),
    path("auth/email/resend/", ResendView.as_view(), name="email-resend"),
    path("auth/password/reset/", ResetView.as_view(), name="password-reset"),
]
hooks = [path("sns/", SnsView.as_view(), name="hook-sns")]
