"""What `make run` prints: where the site is, who can sign in, and a call that works."""

from __future__ import annotations

import logging
import shlex
import time
from typing import Protocol

from django.conf import settings
from django.db import connections

from algorithms.models import Algorithm
from marketplace.catalog import demo
from marketplace.lib.errors import MarketplaceError

logger = logging.getLogger(__name__)

FAVOURITE = "opencv/DigitReader"


class Output(Protocol):
    """Where lines go: a management command's stdout."""

    def write(self, msg: str) -> None: ...

    def flush(self) -> None: ...


class Starting(Protocol):
    started: bool
    should_exit: bool


class Guide:
    """Prints as soon as something is true, and nothing before."""

    def __init__(self, output: Output, *, address: str) -> None:
        self._output = output
        self._address = address
        self._has_shown_call = False

    def show(self, server: Starting) -> None:
        """Runs beside the server in a thread of its own."""
        while not server.started:
            if server.should_exit:
                return
            time.sleep(0.05)
        try:
            self._welcome()
            self._load()
        except MarketplaceError as error:
            self._say(f"The demo content is not complete: {error.message}")
        except Exception:
            logger.exception("Loading the demo content failed; the site itself runs.")
        finally:
            connections.close_all()

    def _welcome(self) -> None:
        self._people = demo.people()
        self._say("", f"{settings.SITE_NAME} is at {self._address}", "")
        for person in self._people:
            self._say(f"  {person.role:7} {person.name:6} password {person.password}")
        self._say("", f"  API key of {self._caller.name}: {self._caller.key}")
        self._say(f"  (made for this demo and kept in {settings.DATA_DIR}/demo.json)", "")

    def _load(self) -> None:
        paths = [about["path"] for about in demo.content()["algorithms"]]
        waiting = [path for path in paths if demo.ready(path) is None]
        ready = [path for path in paths if path not in waiting]
        if ready:
            self._show_call(FAVOURITE if FAVOURITE in ready else ready[0])
        if not waiting:
            self._farewell()
            return
        self._say(f"Building {len(waiting)} demo algorithms; the site can be used meanwhile.")
        for loaded in demo.load():
            if loaded.problem:
                self._say(f"  failed: {loaded.path}: {loaded.problem}")
            elif loaded.path in waiting:
                self._say(f"  ready: {self._address}/algorithms/{loaded.path}/")
            if not self._has_shown_call:
                self._show_call(loaded.path)
        self._farewell()

    def _show_call(self, path: str) -> None:
        algorithm = demo.ready(path)
        if algorithm is None:
            return
        self._has_shown_call = True
        self._say("Try a call:", "", f"  {self._curl(algorithm)}", "")

    def _curl(self, algorithm: Algorithm) -> str:
        return (
            f"curl -s {self._address}/v1/algo/{algorithm} "
            f"-H 'Authorization: Simple {self._caller.key}' "
            f"-H 'Content-Type: application/json' -d {shlex.quote(algorithm.sample_input)}"
        )

    def _farewell(self) -> None:
        self._say("That is all. Ctrl-C stops the site.", "")

    @property
    def _caller(self) -> demo.Person:
        return next(person for person in self._people if person.role == "caller")

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._output.write(line + "\n")
        self._output.flush()
