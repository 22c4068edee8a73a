"""The raw ASGI callable for the origins of web apps: who asks, what it may cost, and the app.

Every request is a call: metered, billed, recorded and answered for by a receipt as any other. A
program sends a key; a person's browser has a visit (algorithms/web_apps/visits.py). Neither ever
reaches the app, and the app's answer reaches only its own origin.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from algorithms import resolving
from algorithms.gateway import Answer, Ask
from algorithms.resolving import Target
from algorithms.web_apps import addresses, headers, visits
from algorithms.web_apps.exchange import Exchange, Sent
from algorithms.web_apps.headers import Headers
from algorithms.web_apps.visits import Visit
from marketplace.accounts.actors import Actor
from marketplace.api import authentication
from marketplace.lib.errors import (
    BadInput,
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)
from marketplace.lib.ids import new_id
from marketplace.web_apps import asking, spending
from marketplace.web_apps.asking import Asked
from marketplace.web_apps.spending import threads
from runners import contracts
from runners.relay import CALLER_LEFT, Receive, Scope, Send
from runners.specs import Failure, Kind

logger = logging.getLogger(__name__)

VISIT: Final = "agorithm_visit"
OPENING: Final = "agorithm_opening"
OPENING_SECONDS: Final = 600
_NO_SOCKETS: Final = (
    b"Apps are reached by plain requests here; WebSockets are not passed on. Long answers may "
    b"stream: server-sent events work."
)


@dataclass(frozen=True, slots=True)
class _Asker:
    actor: Actor
    visit: Visit | None = None


def takes(scope: Scope) -> bool:
    """Whether a connection is for an origin where only apps live."""
    for name, value in scope["headers"]:
        if name == b"host":
            return addresses.is_of_an_app(value.decode("latin-1"))
    return False


def comes_from_an_app(scope: Scope) -> bool:
    """Whether a page of an app has opened this connection to the site."""
    for name, value in scope["headers"]:
        if name == b"origin":
            return addresses.is_of_an_app(value.decode("latin-1").rpartition("//")[2])
    return False


async def refuse_socket(receive: Receive, send: Send) -> None:
    """Answer a WebSocket that is to an app, or from one of an app's pages."""
    await receive()
    start = {"type": "websocket.http.response.start", "status": 501}
    await send({**start, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
    await send({"type": "websocket.http.response.body", "body": _NO_SOCKETS})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request at an app's origin."""
    asked: Asked | None = None
    try:
        asked = asking.read(scope)
        if asked.path.startswith(asking.OWN):
            await _own(asked, send)
        else:
            await _opened(asked, receive, send)
    except MarketplaceError as error:
        await _refuse(asked, error, send)
    except Exception:
        logger.exception("A request to an app failed in the gateway")
        fault = Unavailable("The platform failed, not the app. Nothing was charged; try again.")
        await _refuse(asked, fault, send)


# Who asks


async def _opened(asked: Asked, receive: Receive, send: Send) -> None:
    asker = await threads.run(_asker, asked)
    if asker is None:
        await _send_to_the_site(asked, send)
        return
    place = asked.place
    target = resolving.remembered(place.owner, place.name, place.version, asker.actor)
    if target is None:
        target = await threads.run(_target, asked, asker.actor)
    if not contracts.get(target.spec.contract).has_pages:
        raise NotFound(f"{target.path} is no web app: it is called, and has no pages.")
    exchange, answer = await _passed_on(asked, asker, target, receive, send)
    failure = answer.outcome.failure if answer is not None else None
    if failure is not None and not exchange.has_begun:
        await _fail(asked, failure, send)


def _asker(asked: Asked) -> _Asker | None:
    """Who asks; None if a person has to be sent to the site first."""
    visit = visits.find(asked.cookie(VISIT), host=asked.host)
    actor = visits.actor_of(visit) if visit is not None else None
    if visit is not None and actor is not None and not actor.is_anonymous:
        asking.check_page(asked)
        return _Asker(actor, visit)
    authorization = asked.header(b"authorization")
    if authorization:
        known = authentication.actor_from(authorization)
        if known.running is not None:
            raise NotAllowed("An algorithm calls others with POST /v1/algo/, not by their pages.")
        origin, referer = asked.header(b"origin"), asked.header(b"referer")
        authentication.check_origin(known, origin=origin, referer=referer)
        return _Asker(known)
    if asked.is_visit_of_a_page:
        return None
    raise NotSignedIn("Open the app from its page, or send an API key in Authorization.")


def _target(asked: Asked, actor: Actor) -> Target:
    place = asked.place
    target = resolving.resolve(place.owner, place.name, place.version, by=actor)
    resolving.remember(place.owner, place.name, place.version, actor, target)
    return target


# The call


async def _passed_on(
    asked: Asked, asker: _Asker, target: Target, receive: Receive, send: Send
) -> tuple[Exchange, Answer | None]:
    call_id = new_id()
    task = asyncio.current_task()
    has_left = asyncio.Event()

    def left() -> None:
        has_left.set()
        if task is not None:
            task.cancel(CALLER_LEFT)

    exchange = Exchange(_sent(asked, call_id), receive, send, left)
    seconds = float(settings.CALL_TIMEOUT_DEFAULT)
    ask = Ask(Kind.VOID, b"", seconds, call_id=call_id, exchange=exchange)
    if asker.visit is None:
        ask = replace(ask, max_cost=asked.max_cost, tag=asked.tag)
    try:
        answer = await spending.call(target, by=asker.actor, ask=ask, visit=asker.visit)
    except asyncio.CancelledError:
        if not has_left.is_set():
            raise
        if task is not None:
            task.uncancel()
        return exchange, None
    return exchange, answer


def _sent(asked: Asked, call_id: UUID) -> Sent:
    """The request as the app is to get it."""
    return Sent(
        method=asked.method,
        target=asked.target,
        headers=headers.for_app(
            asked.headers,
            host=asked.host,
            scheme=asked.scheme,
            address=asked.address,
            request_id=f"req-{call_id}",
        ),
        length=asked.length,
        has_body=asked.has_body,
        origin=asked.origin,
    )


# Our own paths at an app's origin, and the way to the site and back


async def _own(asked: Asked, send: Send) -> None:
    if asked.path != f"{asking.OWN}enter" or asked.method != "GET":
        raise NotFound("There is nothing at this address.")
    state = asked.cookie(OPENING)
    token = await threads.run(_begin, asked, state)
    cookies = [
        _cookie(asked, VISIT, token, visits.VISIT_SECONDS),
        _cookie(asked, OPENING, "", 0),
    ]
    place = asked.origin + asking.safe_next(asked.said("next"))
    await _redirect(send, place, cookies)


def _begin(asked: Asked, state: str) -> str:
    return visits.begin(asked.said("code"), host=asked.host, state=state)


async def _send_to_the_site(asked: Asked, send: Send) -> None:
    state = secrets.token_urlsafe(32)
    query = urlencode({"app": asked.host, "state": state, "next": asked.onward})
    place = f"{settings.SITE_URL}{reverse('algorithms:open_app')}?{query}"
    await _redirect(send, place, [_cookie(asked, OPENING, state, OPENING_SECONDS)])


def _cookie(asked: Asked, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if asked.is_secure else ""
    line = (
        f"{asked.cookie_name(name)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
        f"{secure}"
    )
    return b"set-cookie", line.encode()


async def _redirect(send: Send, place: str, more: Headers) -> None:
    sent = [
        (b"location", place.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": [*sent, *more]})
    await send({"type": "http.response.body", "body": b""})


# Refusals


async def _fail(asked: Asked, failure: Failure, send: Send) -> None:
    """Say what the app's failure was; it had said nothing itself."""
    error: MarketplaceError
    if failure.error_type == "InputError":
        error, status = BadInput(failure.message), 413
    elif failure.is_platform_fault:
        error, status = Unavailable(failure.message), 503
    else:
        error = NotFound(failure.message)
        status = 504 if failure.is_out_of_time else 502
    await _refuse(asked, error, send, status=status)


async def _refuse(
    asked: Asked | None, error: MarketplaceError, send: Send, *, status: int = 0
) -> None:
    status = status or error.status
    wants_page = asked is not None and "text/html" in asked.header(b"accept")
    if wants_page and asked is not None:
        body, kind = await threads.run(_page, asked, error, status), b"text/html; charset=utf-8"
    else:
        said = {"error": {"message": error.message, "code": error.code}}
        body, kind = orjson.dumps(said), b"application/json"
    sent = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (
            b"content-security-policy",
            f"default-src 'none'; style-src {settings.SITE_URL}; frame-ancestors 'none'".encode(),
        ),
    ]
    if isinstance(error, TooMany | Unavailable):
        sent.append((b"retry-after", str(error.retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def _page(asked: Asked, error: MarketplaceError, status: int) -> bytes:
    place = asked.place
    page = f"/algorithms/{place.owner}/{place.name}/" if place.name else "/"
    context = {
        "message": error.message,
        "status": status,
        "site": settings.SITE_URL,
        "page": settings.SITE_URL + page,
        "name": f"{place.owner}/{place.name}" if place.name else "",
    }
    return render_to_string("web_apps/refused.html", context).encode()
