"""GET /v1/requests/<id>/events: how a call that nobody waits for gets on, as it happens.

A raw ASGI callable in front of Django, since whoever follows a call waits for long and must hold no
thread meanwhile. Two ways to follow:

    Accept: text/event-stream       `news` events, each with the whole state, and one `end`
    otherwise                       the state as JSON, once it is newer than `after`, or after `wait` seconds
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from algorithms import later, live_calls
from algorithms.models import CallRequest
from marketplace.accounts.actors import Actor
from marketplace.api import authentication, errors
from marketplace.compat.request_states import status_of, uuid_in
from marketplace.lib.errors import BadInput, MarketplaceError, NotSignedIn, TooMany
from marketplace.lib.threads import Threads
from runners.relay import Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
LONGEST_WAIT: Final = 60.0
LONGEST_STREAM: Final = 3600.0
SIGN_OF_LIFE_SECONDS: Final = 15.0
ADMIT_SECONDS: Final = 60.0
"""After so long it is asked again whether whoever follows still may."""

MOST_PER_ACCOUNT: Final = 50
"""Connections of one account to one process that follow calls."""

_PATH: Final = re.compile(r"/v1/requests/(?P<id>[^/]+)/events/?\Z")
_STREAM: Final = "text/event-stream"
_JSON: Final = [(b"content-type", b"application/json")]
_threads = Threads(4, "request-events")
_open: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class _Ask:
    request_id: UUID
    authorization: str
    origin: str
    referer: str
    is_stream: bool
    after: int
    wait: float


@dataclass(frozen=True, slots=True)
class _State:
    number: int
    is_over: bool
    said: dict[str, Any]


class _Departed(Exception):
    """Whoever followed has gone."""


def takes(path: str) -> bool:
    return path.startswith("/v1/requests/") and _PATH.match(path) is not None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one who follows a call."""
    answer = _Answer(send)
    try:
        ask = _read(scope)
        account = await _threads.run(_admitted, ask)
        with _place(account):
            await _followed(ask, receive, answer.send)
    except _Departed:
        return
    except MarketplaceError as error:
        await answer.refuse(error.status, errors.body_of(error), errors.headers_of(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and logged
        await answer.refuse(500, errors.report(error, where=scope["path"]), {})


class _Answer:
    """What is sent to one who follows. It has one beginning: what goes wrong later only ends it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_begun = False

    async def send(self, message: Message) -> None:
        self._has_begun = True
        await self._send(message)

    async def refuse(self, status: int, said: dict[str, object], more: dict[str, str]) -> None:
        if self._has_begun:
            await self._send({"type": "http.response.body", "body": b""})
            return
        body = orjson.dumps(said)
        headers = [*_JSON, (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in more.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


@contextmanager
def _place(account: str) -> Iterator[None]:
    if _open[account] >= MOST_PER_ACCOUNT:
        raise TooMany(f"This account follows {MOST_PER_ACCOUNT} calls already.", retry_after=5)
    _open[account] += 1
    try:
        yield
    finally:
        _open[account] -= 1
        if not _open[account]:
            del _open[account]


async def _followed(ask: _Ask, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(_gone(receive))
    try:
        async with live_calls.following(live_calls.of_request(ask.request_id)) as news:
            wait = _unless(gone, news)
            await (_streamed if ask.is_stream else _answered)(ask, wait, send)
    finally:
        gone.cancel()


Wait = Callable[[float], Awaitable[None]]


async def _answered(ask: _Ask, wait: Wait, send: Send) -> None:
    """The state, once it is newer than what is known, or the time is over."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + ask.wait
    while True:
        state = await _threads.run(_state, ask.request_id)
        left = deadline - clock()
        if state.number > ask.after or state.is_over or left <= 0:
            break
        await wait(min(LOOK_SECONDS, left))
    body = orjson.dumps(state.said)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [*_JSON, length]})
    await send({"type": "http.response.body", "body": body})


async def _streamed(ask: _Ask, wait: Wait, send: Send) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + LONGEST_STREAM
    headers = [(b"content-type", _STREAM.encode()), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    known, status, spoken_at, admitted_at = ask.after, "", clock(), clock()
    while clock() < deadline:
        if clock() - admitted_at > ADMIT_SECONDS:
            admitted_at = clock()
            await _threads.run(_admitted, ask)
        state = await _threads.run(_state, ask.request_id)
        if state.number > known or state.said["status"] != status:
            known, status, spoken_at = state.number, state.said["status"], clock()
            await _say(send, b"news", state)
        if state.is_over:
            await _say(send, b"end", state)
            break
        if clock() - spoken_at > SIGN_OF_LIFE_SECONDS:
            spoken_at = clock()
            await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
        await wait(LOOK_SECONDS)
    await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, kind: bytes, state: _State) -> None:
    body = b"id: %d\nevent: %b\ndata: %b\n\n" % (state.number, kind, orjson.dumps(state.said))
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _unless(gone: asyncio.Future[None], news: Wait) -> Wait:
    """Wait for news; raise _Departed as soon as nobody is there to hear them."""

    async def wait(seconds: float) -> None:
        waiting = asyncio.ensure_future(news(seconds))
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            waiting.cancel()
            raise _Departed

    return wait


# Reading the request


def _read(scope: Scope) -> _Ask:
    if scope["method"] != "GET":
        raise BadInput(f"This address does not know {scope['method']}.")
    found = _PATH.match(scope["path"])
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    query = {
        name: values[-1]
        for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()
    }
    after = query.get("after") or headers.get(b"last-event-id", "0")
    return _Ask(
        request_id=uuid_in(found["id"] if found else ""),
        authorization=headers.get(b"authorization", ""),
        origin=headers.get(b"origin", ""),
        referer=headers.get(b"referer", ""),
        is_stream=_STREAM in headers.get(b"accept", ""),
        after=int(_number(after, "after")),
        wait=min(LONGEST_WAIT, _number(query.get("wait", "0"), "wait")),
    )


def _number(text: str, name: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        raise BadInput(f"{name} is a number, not {text[:20]!r}.")
    return float(text)


# In threads, with the database


def _admitted(ask: _Ask) -> str:
    if not ask.authorization:
        raise NotSignedIn("This address needs an API key.")
    actor: Actor = authentication.actor_from(ask.authorization)
    authentication.check_origin(actor, origin=ask.origin, referer=ask.referer)
    kept, _ = later.fetch(ask.request_id, by=actor)
    return kept.caller_id.hex


def _state(request_id: UUID) -> _State:
    rows = CallRequest.objects.filter(pk=request_id)
    kept = rows.only("state", "cancel_asked_at", "finished_at").get()
    snapshot = live_calls.last(live_calls.of_request(request_id))
    said = {
        "request_id": f"req-{request_id}",
        "status": status_of(kept),
        "number": snapshot.get("number", 0),
        "phase": snapshot.get("phase") or None,
        "progress": snapshot.get("progress"),
        "output": snapshot.get("output"),
        "stdout": snapshot.get("printed", ""),
    }
    return _State(int(said["number"]), kept.finished_at is not None, said)
