from importlib import import_module

from django.apps import AppConfig


class CollectionsConfig(AppConfig):
    name = "data_collections"  # a top-level `collections` would shadow the standard library
    label = "collections"
    verbose_name = "Collections"

    def ready(self) -> None:
        import_module("data_collections.exported")  # adds to what people take with them
