from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "bikerental.fleet"

    def ready(self) -> None:
        from bikerental.api.metrics import register_gauges
        from bikerental.fleet.selectors import take_out_figures

        register_gauges("fleet", take_out_figures)
