"""`manage.py serve`: the whole site as one process, behind a proxy or alone."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.urls import reverse

from billing.stripe_double import place
from marketplace import serving
from marketplace.catalog import demo_guide


class Command(BaseCommand):
    help = "Serve pages, API and calls; in the embedded mode build and run algorithms as well."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--set-up",
            action="store_true",
            help="First bring database, static files and environments up to date.",
        )
        parser.add_argument(
            "--demo", action="store_true", help="Load demo content and print how to try it."
        )

    def handle(self, *args: object, **options: object) -> None:
        host, port = str(options["host"]), int(str(options["port"]))
        if port != settings.PORT and not settings.IS_SITE_URL_GIVEN:
            # Mails and refusals would name another address: this very command, once more.
            os.execvp("env", ["env", f"PORT={port}", sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        serving.allow_many_connections()
        try:
            listener = serving.listen(host, port)
        except serving.AddressTaken as error:
            raise CommandError(f"Cannot listen at {error}. Name another port with PORT=.") from None
        if options["set_up"]:
            self._set_up()
        if settings.STRIPE_DOUBLE:
            _stand_in_for_stripe(f"http://{_reachable(host)}:{port}")
        server = serving.make()
        if options["demo"]:
            guide = demo_guide.Guide(self.stdout, address=f"http://{_reachable(host)}:{port}")
            threading.Thread(target=guide.show, args=(server,), name="demo", daemon=True).start()
        server.run(sockets=[listener])
        _leave(0 if server.started else 1)

    def _set_up(self) -> None:
        Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        _collect_static_files()
        call_command("sync_environments", stdout=io.StringIO())


def _collect_static_files() -> None:
    """Collect them if any has changed since the last time, which takes a second or two."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    present = json.dumps(sorted(_static_files()))
    if stamp.exists() and stamp.read_text() == present:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=stamp.parent.exists())
    stamp.write_text(present)


def _static_files() -> Iterator[tuple[str, int, int]]:
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            yield name, about.st_size, about.st_mtime_ns


def _stand_in_for_stripe(address: str) -> None:
    """Payments without keys and without money; its threads end with the process."""
    webhook = f"{address}{reverse('billing:stripe_webhook')}"
    pages = reverse("billing:test_stripe", args=["-"]).removesuffix("/-")
    place.start(settings.STRIPE_DOUBLE_DIR, webhook=webhook, pages=pages)


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _leave(status: int) -> None:
    """End now.

    A build still running in a thread would hold the process back for minutes; its row says
    that it was running, and the next start takes it up again.
    """
    connections.close_all()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
