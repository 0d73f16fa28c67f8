from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ObserveConfig(AppConfig):
    name = "bikerental.observe"
    verbose_name = _("Monitoring")
