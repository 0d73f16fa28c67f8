from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "bikerental.demo"
