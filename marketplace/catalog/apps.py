from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from marketplace.catalog import full_text


class CatalogConfig(AppConfig):
    name = "marketplace.catalog"

    def ready(self) -> None:
        post_migrate.connect(_prepare_search, sender=self)


def _prepare_search(*, using: str, **_details: object) -> None:
    full_text.prepare(using)
