"""Write the OpenAPI document into the repository, for reviews to see what changes on the wire."""

from __future__ import annotations

from pathlib import Path

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand

from marketplace.reference.document import document

SNAPSHOT = Path("docs/reference/openapi.json")


def as_text() -> bytes:
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2) + b"\n"


class Command(BaseCommand):
    help = "Write docs/reference/openapi.json from the routes and their descriptions."

    def handle(self, *args: object, **options: object) -> None:
        path = settings.BASE_DIR / SNAPSHOT
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_text())
        self.stdout.write(f"Wrote {SNAPSHOT}.")
