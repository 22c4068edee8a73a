"""POST /v1/algo/<owner>/<name>[/<version>]: the raw ASGI callable in front of Django.

Algorithmia's rules, which its clients rely on: what the algorithm or the request gets wrong
is an error object with status 200; only what lies outside (the account's limit, no capacity,
our own faults) has another status. `/v1/web/algo/…` is the same for browsers.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from django.conf import settings

from algorithms import gateway, later, live_calls, receipts, resolving, visitors
from algorithms.charging import PAYMENT_REQUIRED
from algorithms.gateway import Answer, Ask
from algorithms.resolving import Target
from marketplace.accounts.actors import Actor
from marketplace.api import authentication, sessions
from marketplace.api.errors import as_header
from marketplace.compat import wire
from marketplace.compat.addresses import of_algorithm, of_service
from marketplace.compat.bodies import Disconnected, kind_of, read_body
from marketplace.lib.errors import (
    BadInput,
    MarketplaceError,
    NotFound,
    NotSignedIn,
    PaymentRequired,
    TooLarge,
    TooMany,
    Unavailable,
)
from marketplace.lib.money import parse_dollars
from marketplace.lib.single_flight import SingleFlight
from marketplace.lib.threads import Threads
from projects import addressing
from runners.relay import CALLER_LEFT, Receive, Scope, Send

logger = logging.getLogger(__name__)

PREFIX: Final = "/v1/algo/"
WEB_PREFIX: Final = "/v1/web/algo/"
SERVICES: Final = "/v1/services/"
WEB_SERVICES: Final = "/v1/web/services/"
WATCH_AFTER_SECONDS: Final = 1.0
"""A call longer than this is cancelled when its caller goes away."""

_YES: Final = ("true", "1")

_threads = Threads(16, "calls")


@dataclass(slots=True)
class Request:
    """What the path, the query and the headers of a call say."""

    owner: str = ""
    name: str = ""
    version: str = ""
    service: str = ""  # then `name` is the project that it is in
    operation: str = ""
    is_web: bool = False
    authorization: str = ""
    cookie: str = ""
    origin: str = ""
    referer: str = ""
    site: str = ""
    host: str = ""
    address: str = ""
    content_type: str = ""
    content_encoding: str = ""
    content_length: int = -1
    timeout: float = 0.0
    with_stdout: bool = False
    output: str = "default"
    watch: str = ""
    max_cost: str = ""
    tag: str = ""


def takes(path: str) -> bool:
    return path.startswith((PREFIX, WEB_PREFIX, SERVICES, WEB_SERVICES))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one call."""
    if scope["method"] == "OPTIONS" and scope["path"].startswith((WEB_PREFIX, WEB_SERVICES)):
        await _respond(send, 204, b"", _preflight(scope))
        return
    request: Request | None = None
    try:
        request = _read(scope)
        status, body, headers = await _answer(request, receive)
    except Disconnected:
        return
    except MarketplaceError as error:
        status, body, headers = _refused(request, error)
    except Exception:
        logger.exception("A call failed in the gateway")
        message = "The platform failed, not the algorithm. Nothing was charged; try again."
        status, body, headers = 500, wire.refusal(message, "SystemError"), [_JSON]
    if request is not None and request.is_web:
        headers = headers + _cors(request)
    await _respond(send, status, body, headers)


_JSON: Final = (b"content-type", wire.JSON_TYPE)
_Response = tuple[int, bytes, wire.Headers]


async def _answer(request: Request, receive: Receive) -> _Response:
    actor = authentication.remembered(request.authorization)
    if actor is None:
        actor = await _ask_who(request)
    if actor.key_id is not None:
        authentication.check_origin(actor, origin=request.origin, referer=request.referer)
    place = (request.owner, request.name, _place(request))
    target = resolving.remembered(*place, actor)
    if target is None:
        asking = _threads.run(_target, *place, actor)
        target = await _targets.answer(resolving.remembered_as(*place, actor), asking)
    if request.operation and not target.operations:
        raise _no_operation(request.operation, target)
    if actor.is_anonymous:
        visitors.check(target)
    body = await read_body(receive, limit=settings.CALL_INPUT_BYTES, told=request.content_length)
    kind, body = kind_of(request.content_type, request.content_encoding, body)
    payer = visitors.payer(request.address) if actor.is_anonymous else ""
    ask = Ask(
        kind=kind,
        body=body,
        timeout=request.timeout,
        payer=payer,
        watch=request.watch,
        max_cost=parse_dollars(request.max_cost, what="Max-Cost") if request.max_cost else None,
        tag=request.tag[: gateway.LONGEST_TAG],
        operation=request.operation,
    )
    if request.output == "void":
        if request.service:
            raise BadInput("A service answers who waits for it: call its version with output=void.")
        return await _threads.run(_leave, request, actor, target, ask)
    answer = await _call(target, actor, ask, receive)
    status, given, headers = _shape(request, actor, answer)
    if request.is_web and actor.key_id is None:
        headers = [*headers, (b"x-receipt", receipts.sign(answer, body, given).encode())]
    return status, given, headers


async def _call(target: Target, actor: Actor, ask: Ask, receive: Receive) -> Answer:
    """Run it; when the caller goes away meanwhile, end it."""
    loop = asyncio.get_running_loop()
    watch = _Watch(receive)
    timer = loop.call_later(WATCH_AFTER_SECONDS, watch.start, asyncio.current_task())
    try:
        return await gateway.call(target, by=actor, ask=ask)
    except asyncio.CancelledError:
        if watch.saw_the_end:
            raise Disconnected from None
        raise
    finally:
        timer.cancel()
        watch.stop()


class _Watch:
    """Cancels a call whose caller has gone; not started for short calls, where it costs most."""

    def __init__(self, receive: Receive) -> None:
        self.saw_the_end = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def start(self, call: asyncio.Task[Any] | None) -> None:
        if call is None:
            return
        self._task = call.get_loop().create_task(self._wait(call))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _wait(self, call: asyncio.Task[Any]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.saw_the_end = True
        call.cancel(CALLER_LEFT)


def _shape(request: Request, actor: Actor, answer: Answer) -> _Response:
    outcome = answer.outcome
    failure = outcome.failure
    request_id = (b"x-request-id", f"req-{answer.request_id}".encode())
    is_owner = actor.speaks_for(answer.target.algorithm_owner_id)
    if request.output == "raw":
        if failure is None:
            headers = [(b"content-type", wire.RAW_TYPES.get(outcome.kind, wire.JSON_TYPE))]
            return 200, outcome.body, [*headers, request_id]
        status = 500 if failure.is_platform_fault else 400
        body = wire.refusal(failure.message, failure.error_type)
        return status, body, [_JSON, request_id]
    body = wire.envelope(
        answer,
        with_stdout=request.with_stdout and is_owner,
        with_trace=is_owner or answer.target.is_open_source,
    )
    status = 500 if failure is not None and failure.is_platform_fault else 200
    return status, body, [_JSON, request_id]


def _refused(request: Request | None, error: MarketplaceError) -> _Response:
    message = _told(request, error)
    headers: wire.Headers = [_JSON, (b"x-error-message", as_header(message).encode())]
    if isinstance(error, TooMany | Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
        return error.status, wire.refusal(message, "SystemError"), headers
    if isinstance(error, PaymentRequired):
        body = wire.refusal(message, PAYMENT_REQUIRED, **error.details)
        return error.status, body, headers
    if isinstance(error, NotSignedIn):
        is_visitor = request is not None and not request.authorization
        return 200, wire.refusal(error.message if is_visitor else _UNKNOWN_KEY), headers
    is_raw = request is not None and request.output == "raw"
    error_type = "InputError" if isinstance(error, BadInput | TooLarge) else ""
    return (error.status if is_raw else 200), wire.refusal(message, error_type), headers


def _told(request: Request | None, error: MarketplaceError) -> str:
    """What a refusal says: to programs also that it cost nothing.

    The words for what is not there are those that clients compare.
    """
    is_program = request is None or not request.is_web or request.authorization
    if isinstance(error, NotFound) or "charged" in error.message or not is_program:
        return error.message
    return f"{error.message} Nothing was charged."


_UNKNOWN_KEY: Final = "authorization required"
"""A published client's test compares these words."""


# Reading the request


def _read(scope: Scope) -> Request:
    if scope["method"] != "POST":
        raise BadInput("An algorithm is called with POST.")
    request = Request(timeout=settings.CALL_TIMEOUT_DEFAULT)
    path: str = scope["path"]
    request.is_web = path.startswith((WEB_PREFIX, WEB_SERVICES))
    if path.startswith((SERVICES, WEB_SERVICES)):
        rest = path.removeprefix(WEB_SERVICES).removeprefix(SERVICES)
        request.owner, request.name, request.service, request.operation = of_service(rest)
    else:
        rest = path.removeprefix(WEB_PREFIX if request.is_web else PREFIX)
        request.owner, request.name, request.version, request.operation = of_algorithm(rest)
    if scope["query_string"]:
        _read_query(request, scope["query_string"].decode("latin-1"))
    for name, value in scope["headers"]:
        field = _FIELDS.get(name)
        if field is not None:
            setattr(request, field, value.decode("latin-1"))
        elif name == b"content-length" and value.isdigit():
            request.content_length = int(value)
    client = scope.get("client")
    request.address = client[0] if client else ""
    return request


_FIELDS: Final = {
    b"authorization": "authorization",
    b"content-type": "content_type",
    b"content-encoding": "content_encoding",
    b"cookie": "cookie",
    b"origin": "origin",
    b"referer": "referer",
    b"sec-fetch-site": "site",
    b"host": "host",
    b"max-cost": "max_cost",
    b"usage-tag": "tag",
}


def _place(request: Request) -> str:
    """What is remembered for an owner and a name: a version, or a service of that project."""
    return f"/{request.service}" if request.service else request.version


def _read_query(request: Request, query: str) -> None:
    values = {name: found[-1] for name, found in parse_qs(query, keep_blank_values=True).items()}
    request.output = values.get("output", "default").lower() or "default"
    if request.output not in ("default", "raw", "void"):
        raise BadInput("output is default, raw or void.")
    if values.get("sudo", "").lower() in _YES:
        raise BadInput("sudo is not offered here: nobody calls with an author's rights.")
    request.with_stdout = values.get("stdout", "").lower() in _YES
    if request.is_web:
        request.watch = live_calls.of_page(values.get("watch", ""))
    if values.get("timeout"):
        request.timeout = _timeout(unquote(values["timeout"]))


def _timeout(text: str) -> float:
    limit = settings.CALL_TIMEOUT_MAX
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= limit:
        raise BadInput(f"timeout is a number of seconds up to {limit}, not {text[:20]!r}.")
    return seconds


# In threads, with the database. What calls of the same key have in common is asked once for all
# that arrive meanwhile: else each time it is looked at again, a busy site would ask a hundred times.


_actors: SingleFlight[str, Actor] = SingleFlight()
_targets: SingleFlight[resolving.Key, Target] = SingleFlight()


async def _ask_who(request: Request) -> Actor:
    sent = request.authorization
    if sent:
        return await _actors.answer(sent, _threads.run(authentication.actor_from, sent))
    return await _threads.run(_actor_without_key, request)


def _actor_without_key(request: Request) -> Actor:
    if request.cookie and request.is_web:
        actor = sessions.actor_of_cookies(
            request.cookie, origin=request.origin, site=request.site, host=request.host
        )
        if not actor.is_anonymous:
            return actor
    if request.is_web and sessions.is_own_page(request.origin, request.site, request.host):
        return visitors.admit(request.address)
    raise NotSignedIn(_UNKNOWN_KEY)


def _target(owner: str, name: str, place: str, actor: Actor) -> Target:
    if place.startswith("/"):
        target = addressing.resolve(owner, name, place[1:], by=actor)
    else:
        target = resolving.resolve(owner, name, place, by=actor)
    resolving.remember(owner, name, place, actor, target)
    return target


def _no_operation(wanted: str, target: Target) -> BadInput:
    return BadInput(
        f"{wanted[:60]!r} is no version, and {target} has no operations: write 1.2.3, 1.2, 1.2.*, "
        "latest, latestPrivate or the 40 digits of a commit."
    )


def _leave(request: Request, actor: Actor, target: Target, ask: Ask) -> _Response:
    token = authentication.secret_in(request.authorization) if actor.running else ""
    kept = later.accept(target, by=actor, ask=ask, token=token)
    return 200, wire.accepted(f"req-{kept.pk}"), [_JSON]


# Writing the response


def _preflight(scope: Scope) -> wire.Headers:
    origin = next((value for name, value in scope["headers"] if name == b"origin"), b"*")
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", b"authorization, content-type, max-cost, usage-tag"),
        (b"access-control-max-age", b"86400"),
        (b"vary", b"origin"),
    ]


def _cors(request: Request) -> wire.Headers:
    if not request.origin:
        return []
    return [
        (b"access-control-allow-origin", request.origin.encode("latin-1")),
        (b"access-control-expose-headers", b"x-request-id, retry-after"),
        (b"vary", b"origin"),
    ]


async def _respond(send: Send, status: int, body: bytes, headers: wire.Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
