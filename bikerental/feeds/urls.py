from django.urls import path

from bikerental.feeds.api.gbfs import gbfs

urlpatterns = [path("gbfs/<path:name>", gbfs, name="gbfs")]
