from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "bikerental.api"

    def ready(self) -> None:
        from bikerental.api.metrics import register_gauges
        from bikerental.core.queues import queue_figures
        from bikerental.core.selectors import heartbeat_ages

        register_gauges("queues", queue_figures, label="queue")
        register_gauges("heartbeats", lambda: {"bikerental_heartbeat_age_seconds": heartbeat_ages()}, label="name")
