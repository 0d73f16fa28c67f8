"""Routes of the notifications app below the API's base, and beside it the one for SNS."""

from django.urls import path

from bikerental.notifications.api.views import ResetView, SnsView

urlpatterns = [path("auth/password/reset/", ResetView.as_view(), name="password-reset")]
hooks = [path("sns/", SnsView.as_view(), name="hook-sns")]
