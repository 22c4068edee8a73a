from importlib import import_module

from django.apps import AppConfig


class AlgorithmsConfig(AppConfig):
    name = "algorithms"

    def ready(self) -> None:
        import_module("algorithms.workers")  # listens to Celery's signals
        import_module("algorithms.data_mentions")  # answers who would miss a file
        import_module("algorithms.exported")  # adds what it keeps to what people take with them
