from django.urls import path

from bikerental.zones.api.views import ZonesView

urlpatterns = [path("zones/", ZonesView.as_view(), name="zones")]
