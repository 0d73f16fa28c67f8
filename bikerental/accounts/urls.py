from django.urls import path

from bikerental.accounts.api.account import AccountView
from bikerental.accounts.api.export import ExportView

urlpatterns = [
    path("me/", AccountView.as_view(), name="me"),
    path("me/export/", ExportView.as_view(), name="me-export"),
]
