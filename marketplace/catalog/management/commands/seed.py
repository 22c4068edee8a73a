"""`manage.py seed`: the demo content, built and published for real. Safe to run twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from marketplace import serving
from marketplace.catalog import demo
from marketplace.lib.errors import MarketplaceError

START_SECONDS = 60


class Command(BaseCommand):
    help = "Load demo people, collections and algorithms; what is there already is kept."

    def handle(self, *args: object, **options: object) -> None:
        """Samples are really run, so the command is the site for as long as it takes."""
        server = serving.make()
        listener = serving.listen("127.0.0.1", 0)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            self._wait_for(server, thread)
            loaded = list(self._load())
        except MarketplaceError as error:
            raise CommandError(error.message) from error
        finally:
            server.should_exit = True
            thread.join(timeout=2 * serving.GRACE_SECONDS)
        if any(each.problem for each in loaded):
            raise CommandError("Not all of the demo could be loaded; the lines above say why.")

    def _load(self) -> Iterator[demo.Loaded]:
        for each in demo.load():
            self.stdout.write(f"{each.path}: {each.problem or 'ready'}")
            yield each

    @staticmethod
    def _wait_for(server: serving.Server, thread: threading.Thread) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise CommandError("The site did not start; the lines above say why.")
            time.sleep(0.05)
