from django.apps import AppConfig


class HttpConfig(AppConfig):
    name = "bikerental.http"
    label = "api"  # of its table, and of what is noted as migrated
