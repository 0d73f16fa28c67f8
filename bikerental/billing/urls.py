from django.urls import path

from bikerental.billing.api.views import BalancesView, EntriesView

urlpatterns = [
    path("me/account/", BalancesView.as_view(), name="me-account"),
    path("me/account/entries/", EntriesView.as_view(), name="me-account-entries"),
]
