"""Calls that somebody follows while they run: how each gets on, what it has so far, and its end.

A page is given a name under which its runs can be followed, signed for the person who looks at it:
the name cannot be guessed, and the socket asks for the signature. A call that nobody waits for is
followed under its own id, by whoever may fetch its answer.

What a call says is kept as one snapshot, in the cache that all processes share, and a message of the
channel layer wakes those who read it. So whoever comes late, or again, sees where the call is, and an
author who says too much only makes the next snapshot later: it is written at most four times a
second, and about half a megabyte a second. Nothing of it outlasts the call, or an hour.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from channels.layers import get_channel_layer
from django.core import signing
from django.core.cache import cache

from marketplace.lib import live
from runners.specs import Event, Kind, Phase

logger = logging.getLogger(__name__)

CANCELLED: Final = "cancelled by its caller"
"""With this message a call's task is cancelled by whoever was asked for its end."""

_NAME: Final = re.compile(r"[0-9a-f]{32}\Z")
_SALT: Final = "algorithms.phases"
_KEPT_SECONDS: Final = 3600
_DAY: Final = 86_400
_PAUSE_SECONDS: Final = 0.25
_BYTES_A_SECOND: Final = 512 * 1024
MOST_OUTPUT: Final = 256 * 1024
MOST_PRINTED: Final = 16 * 1024

Snapshot = dict[str, Any]
"""What a call has said last: `number` rises with each, `run` is the call's id."""


# Names


def ticket(user_id: int | None) -> str:
    """A new name to follow runs under, signed for whoever looks at the page."""
    return signing.dumps([uuid.uuid4().hex, user_id], salt=_SALT)


def name_in(text: str, user_id: int | None) -> str | None:
    """The name in a ticket of this person's; nothing for strangers and for what is no ticket."""
    try:
        name, owner = signing.loads(text, salt=_SALT, max_age=_DAY)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return of_page(name) if owner == user_id else None


def of_page(name: str) -> str:
    """Under which name the runs of a page are followed; empty if it is none that we gave."""
    return f"run-{name}" if _NAME.match(name) else ""


def of_request(request_id: UUID) -> str:
    """Under which name a call that nobody waits for is followed."""
    return f"request-{request_id.hex}"


# For those who follow


def group(name: str) -> str:
    """The group of the channel layer that hears when there is something to read."""
    return f"following-{name}"


def last(name: str) -> Snapshot:
    """What was said last; empty if nothing was."""
    text = cache.get(_key(name))
    try:
        found: Snapshot = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        logger.warning("What was said last of %s cannot be read", name)
        return {}
    return found


def news(before: Snapshot, now: Snapshot) -> dict[str, Any]:
    """What has changed between two snapshots, as followers are told it."""
    if before.get("run") != now.get("run"):
        before = {}
    told = {
        name: now[name]
        for name in ("phase", "progress", "output")
        if now.get(name) is not None and now[name] != before.get(name)
    }
    if told and not before:
        told["run"] = now.get("run")
    new = now.get("printed_bytes", 0) - before.get("printed_bytes", 0)
    if new > 0:
        text = now["printed"].encode()
        told["printed"] = text[max(0, len(text) - new) :].decode(errors="replace")
    return told


@contextlib.asynccontextmanager
async def following(name: str) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
    """Give what waits for news, so many seconds at most: look then, for a message may get lost."""
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("The site has no channel layer.")
    channel = await layer.new_channel()
    await layer.group_add(group(name), channel)

    async def wait(seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(layer.receive(channel), seconds)

    try:
        yield wait
    finally:
        await layer.group_discard(group(name), channel)


def wake(name: str) -> None:
    """Tell those who follow that there is news; from any thread."""
    live.notify(group(name), {"type": "call.news"})


def cancel(name: str) -> None:
    """Ask for the end of the call that is followed under this name, wherever it runs.

    Whoever calls this has made sure that it may be asked for. A message may get lost: ask again.
    """
    live.notify(_cancels(name), {"type": "call.cancel"})


# Where the call runs


@dataclass(slots=True)
class _State:
    run: str
    number: int = 0
    phase: str = ""
    progress: float | None = None
    kind: Kind = Kind.VOID
    output: bytes = b""
    printed: bytes = b""
    printed_bytes: int = 0

    def text(self) -> bytes:
        """The snapshot as JSON; JSON is pasted as it came, for `bodies.pastes` has taken it."""
        said: dict[str, object] = {
            "run": self.run,
            "number": self.number,
            "phase": self.phase,
            "progress": self.progress,
            "output": None,
            "printed": self.printed.decode(errors="replace"),
            "printed_bytes": self.printed_bytes,
        }
        if self.kind is not Kind.VOID:
            said["output"] = {"content_type": self.kind, "value": self._value()}
        return orjson.dumps(said)

    def _value(self) -> object:
        if self.kind is Kind.JSON:
            return orjson.Fragment(self.output)
        if self.kind is Kind.TEXT:
            return self.output.decode(errors="replace")
        return base64.b64encode(self.output).decode()


class LiveCall:
    """One call in progress, in the process and on the loop where it runs."""

    def __init__(self, name: str, call_id: UUID, *, shows_printed: bool) -> None:
        self.name = name
        self.shows_printed = shows_printed
        self.is_cancelled = False
        self._state = _State(str(call_id))
        self._loop = asyncio.get_running_loop()
        self._began = 0.0
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._task: asyncio.Task[object] | None = None
        self._listener = self._loop.create_task(self._listen())

    @property
    def run_microseconds(self) -> int:
        return int((time.monotonic() - self._began) * 1_000_000) if self._began else 0

    def watch(self, task: asyncio.Task[object] | None) -> bool:
        """Cancel this task when the call's end is asked for; false if it has been already."""
        self._task = task
        return not self.is_cancelled

    def enter(self, phase: Phase) -> None:
        if phase is Phase.RUNNING and not self._began:
            self._began = time.monotonic()
        self._state.phase = phase.value
        self._free_at = 0.0
        self._change()

    def hear(self, event: Event) -> None:
        state = self._state
        if event.progress is not None:
            state.progress = event.progress
        if event.kind is not Kind.VOID:
            goes_on = event.appends and event.kind is state.kind is Kind.TEXT
            output = (state.output + event.output)[-MOST_OUTPUT:] if goes_on else event.output
            state.kind, state.output = event.kind, output
        if event.printed:
            state.printed = (state.printed + event.printed)[-MOST_PRINTED:]
            state.printed_bytes += len(event.printed)
        self._change()

    def end(self) -> None:
        """It is over: nothing more is said of it, nobody is heard, and nothing of it is kept."""
        self._task = None
        if self._timer is not None:
            self._timer.cancel()
        self._listener.cancel()
        if self._writing is not None:
            self._writing.add_done_callback(self._forget)

    def _forget(self, _: object) -> None:
        self._loop.run_in_executor(None, _forget, self.name, self._state.run)

    def _change(self) -> None:
        """Write the snapshot now if it may be, else as soon as it may."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        wait = self._free_at - self._loop.time()
        is_writing = self._writing is not None and not self._writing.done()
        if wait > 0 or is_writing:
            self._timer = self._loop.call_later(max(wait, _PAUSE_SECONDS / 5), self._change)
            return
        self._state.number += 1
        text = self._state.text()
        self._free_at = self._loop.time() + _PAUSE_SECONDS + len(text) / _BYTES_A_SECOND
        self._writing = self._loop.run_in_executor(None, _write, self.name, text)

    async def _listen(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        channel = await layer.new_channel()
        await layer.group_add(_cancels(self.name), channel)
        try:
            while True:
                await layer.receive(channel)
                self._cancel()
        finally:
            await layer.group_discard(_cancels(self.name), channel)

    def _cancel(self) -> None:
        if not self.is_cancelled and self._task is not None:
            self._task.cancel(CANCELLED)
        self.is_cancelled = True


def _write(name: str, text: bytes) -> None:
    cache.set(_key(name), text, _KEPT_SECONDS)
    wake(name)


def _forget(name: str, run: str) -> None:
    if last(name).get("run") == run:  # a page's next run has the same name
        cache.delete(_key(name))


def _key(name: str) -> str:
    return f"live-call:{name}"


def _cancels(name: str) -> str:
    return f"cancel-{name}"
