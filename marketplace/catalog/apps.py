from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from marketplace.catalog import full_text


class CatalogConfig(AppConfig):
    name = "marketplace.catalog"

    def ready(self) -> None:
        """Django sends the signal only for apps with models, and it is their table that is searched."""
        import_module("marketplace.catalog.listening")
        post_migrate.connect(_prepare_search, sender=apps.get_app_config("algorithms"))
        post_migrate.connect(_put_up_categories, sender=self)


def _prepare_search(*, using: str, **_details: object) -> None:
    full_text.prepare(using)


def _put_up_categories(**_details: object) -> None:
    import_module("marketplace.catalog.discovery.categories").put_up()
