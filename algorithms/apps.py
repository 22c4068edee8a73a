from importlib import import_module

from django.apps import AppConfig


class AlgorithmsConfig(AppConfig):
    name = "algorithms"

    def ready(self) -> None:
        import_module("algorithms.workers")  # listens to Celery's signals
