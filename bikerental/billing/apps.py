from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "bikerental.billing"
