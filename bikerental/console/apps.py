from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps  # importing AdminConfig itself would register it
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    default = True
    name = "bikerental.console"
    verbose_name = _("Console")


class OperatorAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our log-in, order and look. Named in INSTALLED_APPS."""

    default = False
    default_site = "bikerental.console.admin_site.ConsoleSite"
