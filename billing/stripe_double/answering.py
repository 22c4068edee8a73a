"""From a request to an answer: who asks, what they ask, whether they have asked it before."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Final

from billing.stripe_double import (  # noqa: F401 - each registers what it answers
    cards,
    cash,
    checkout,
    connect,
    endpoints,
    invoices,
    metering,
    subscriptions,
)
from billing.stripe_double.operations import carry_out
from billing.stripe_double.refusals import Refusal, invalid
from billing.stripe_double.schema import Json, Operation
from billing.stripe_double.world import IDEMPOTENT_FOR, Fault, Request, World

_STREAM: Final = "/v2/billing/meter_event_stream"


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    verb: str
    path: str
    query: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # names in small letters

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key") if self.verb == "post" else None

    @property
    def signature(self) -> str:
        return hashlib.sha256(f"{self.path}?{self.body}".encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What goes back; `is_lost` if it gets lost on the way."""

    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False


def answer(world: World, asked: Asked) -> Answer:
    """Check it against Stripe's types and carry it out, once for each idempotency key."""
    with world.lock:
        fault = None
        try:
            _admit(world, asked)
            operation, ids = world.schema.find(asked.verb, asked.path)
            params = _read(world, operation, asked)
            version = asked.headers.get("stripe-version")
            sent = copy.deepcopy(params)
            world.requests.append(
                Request(asked.verb, asked.path, operation.name, sent, asked.key, version)
            )
            fault = _fault(world, asked.path)
            if fault is not None and fault.when == "before":
                raise _broken(fault)
            made = _replayed(world, asked) or _carried_out(world, operation, ids, params, asked)
        except Refusal as refusal:
            made = Answer(refusal.status, refusal.body)
        world.save()
    is_lost = fault is not None and fault.when == "after"
    return Answer(made.status, made.body, made.headers, is_lost=is_lost)


def _admit(world: World, asked: Asked) -> None:
    token = asked.headers.get("authorization", "").removeprefix("Bearer ")
    if asked.path == _STREAM:
        metering.refuse_closed_stream(world, token)
    elif token != world.key:
        raise Refusal(
            401, "invalid_request_error", "Invalid API Key provided.", code="api_key_invalid"
        )
    world.tick()


def _read(world: World, operation: Operation, asked: Asked) -> Json:
    if asked.verb in ("get", "delete") or asked.query:
        return world.schema.read_query(operation, asked.query)
    if asked.path.startswith("/v2/"):
        if asked.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise invalid("Requests to /v2 are made of JSON.")
        return world.schema.read_json(operation, asked.body)
    return world.schema.read_form(operation, asked.body)


def _fault(world: World, path: str) -> Fault | None:
    for fault in world.faults:
        if re.search(fault.path, path):
            fault.times -= 1
            if fault.times <= 0:
                world.faults.remove(fault)
            return fault
    return None


def _broken(fault: Fault) -> Refusal:
    if fault.status == 429:
        return Refusal(
            429,
            "invalid_request_error",
            "Too many requests hit the API too quickly.",
            code="rate_limit",
        )
    return Refusal(
        fault.status,
        "api_error",
        "Something went wrong on Stripe's side (a fault that was ordered).",
    )


def _replayed(world: World, asked: Asked) -> Answer | None:
    """What was answered when this key came for the first time, be it a failure."""
    stored = world.answers.get(asked.key or "")
    if stored is None or stored[3] + IDEMPOTENT_FOR <= world.now():
        return None
    signature, status, body, _at = stored
    if signature != asked.signature:
        raise Refusal(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        )
    if asked.path.startswith("/v2/") and status >= 400:
        return None
    return Answer(status, copy.deepcopy(body), {"Idempotent-Replayed": "true"})


def _carried_out(
    world: World, operation: Operation, ids: tuple[str, ...], params: Json, asked: Asked
) -> Answer:
    try:
        made = Answer(200, carry_out(world, operation, ids, params, asked.path))
    except Refusal as refusal:
        made = Answer(refusal.status, refusal.body)
    if asked.key:
        world.answers[asked.key] = [
            asked.signature,
            made.status,
            json.loads(json.dumps(made.body)),
            world.now(),
        ]
    if world.check_answers and made.status == 200:
        world.wrong_answers += world.schema.faults_in(operation, made.body)
    return made
