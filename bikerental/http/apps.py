from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HttpConfig(AppConfig):
    name = "bikerental.http"
    label = "api"  # of its table, and of what is noted as migrated
    verbose_name = _("API")

    def ready(self) -> None:
        from bikerental.http.admin_words import translate_names

        translate_names()
