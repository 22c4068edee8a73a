from django.apps import AppConfig


class CollectionsConfig(AppConfig):
    name = "data_collections"  # a top-level `collections` would shadow the standard library
    label = "collections"
    verbose_name = "Collections"
