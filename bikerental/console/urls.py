"""Routes of the operators' console."""

from django.urls import path, re_path

from bikerental.console.pages.frame import AbsentPage, LanguagePage
from bikerental.console.pages.log import LogPage
from bikerental.console.pages.today import TodayPage

app_name = "console"
absent = AbsentPage.as_view()
absent.should_append_slash = False  # so that a page is found without its slash
urlpatterns = [
    path("", TodayPage.as_view(), name="today"),
    path("log/", LogPage.as_view(), name="log"),
    path("language/", LanguagePage.as_view(), name="language"),
    re_path(r"^(?P<rest>.*)$", absent, name="absent"),
]
