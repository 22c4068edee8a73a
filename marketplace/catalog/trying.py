"""Run an algorithm for a page without JavaScript: the same call, rendered by us."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import orjson
from django.conf import settings

from algorithms import gateway, resolving, visitors
from algorithms.gateway import Answer, Ask
from algorithms.resolving import Target
from marketplace.accounts.actors import Actor
from marketplace.catalog.pages import indented
from marketplace.lib.errors import MarketplaceError
from runners.specs import Kind


@dataclass(frozen=True)
class Tried:
    """How it went, in what a template can show."""

    text: str = ""
    image: str = ""
    error: str = ""
    error_type: str = ""
    seconds: float = 0.0
    is_cold: bool = False
    request_id: str = ""


def run(path: str, given: str, *, by: Actor, address: str) -> Tried:
    """Call `owner/name/version` with what was typed: JSON if it is JSON, else text.

    Somebody without an account calls as a visitor from their address.
    """
    owner, name, version, *operation = path.split("/")
    if not by.is_anonymous:
        find = partial(resolving.resolve, owner, name, version, by=by)
        return run_target(find, given, by=by, operation="".join(operation))

    def admitted() -> Target:
        target = resolving.resolve(owner, name, version, by=visitors.admit(address))
        visitors.check(target)
        return target

    payer = visitors.payer(address)
    return run_target(
        admitted, given, by=visitors.VISITOR, operation="".join(operation), payer=payer
    )


def run_target(
    find: Callable[[], Target], given: str, *, by: Actor, operation: str = "", payer: str = ""
) -> Tried:
    """Call what is found with what was typed: JSON if it is JSON, else text."""
    if len(given.encode()) > settings.CALL_INPUT_BYTES:
        return Tried(error="The input is larger than a call may carry. Nothing was run.")
    kind = Kind.JSON if _is_json(given) else Kind.TEXT
    seconds = settings.CALL_TIMEOUT_DEFAULT
    ask = Ask(kind, given.encode(), seconds, payer=payer, operation=operation)
    try:
        return _shown(gateway.call_now(find(), by=by, ask=ask))
    except MarketplaceError as error:
        return Tried(error=error.message)


def _shown(answer: Answer) -> Tried:
    outcome = answer.outcome
    tried = Tried(
        seconds=answer.total_us / 1e6,
        is_cold=outcome.timings.is_cold,
        request_id=f"req-{answer.request_id}",
    )
    if outcome.failure:
        failure = outcome.failure
        return replace(tried, error=failure.message, error_type=failure.error_type)
    if outcome.kind is Kind.BINARY:
        media_type = image_type(outcome.body)
        encoded = base64.b64encode(outcome.body).decode()
        if media_type:
            return replace(tried, image=f"data:{media_type};base64,{encoded}")
        return replace(tried, text=encoded)
    text = outcome.body.decode(errors="replace")
    return replace(tried, text=indented(text) if outcome.kind is Kind.JSON else text)


def image_type(body: bytes) -> str:
    """The media type of a picture that browsers show, told from its first bytes."""
    if body.startswith(b"\x89PNG\r\n"):
        return "image/png"
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return ""


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
