"""What happens in the world besides requests: disputes, bank payments, the passing of time.

Reached at `/_double/...` by who holds the secret key, with a JSON body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from billing.stripe_double import cards, cash, checkout, connect
from billing.stripe_double.refusals import missing
from billing.stripe_double.schema import Json
from billing.stripe_double.world import Fault, World, public


def order(world: World, command: str, given: Json) -> Json:
    """Do it; a command that does not exist is refused."""
    act = _COMMANDS.get(command)
    if act is None:
        raise missing("command", command)
    with world.lock:
        world.tick()
        done = act(world, given)
        world.save()
    return done


def _state(world: World, _given: Json) -> Json:
    return {
        "now": world.now(),
        "balance": cash.balance(world, {}),
        "counts": {kind: len(ones) for kind, ones in world.objects.items()},
        "unimplemented": sorted(world.unimplemented),
        "requests": [f"{one.verb} {one.path}" for one in world.requests],
    }


def _advance(world: World, given: Json) -> Json:
    world.advance(int(given["seconds"]))
    return {"now": world.now()}


def _fault(world: World, given: Json) -> Json:
    world.faults.append(Fault(**given))
    return {}


def _dispute(world: World, given: Json) -> Json:
    return public(cash.open_dispute(world, given["charge"]))


def _decide(world: World, given: Json) -> Json:
    return public(cash.close_dispute(world, given["dispute"], is_won=bool(given["is_won"])))


def _settle(world: World, given: Json) -> Json:
    session = world.get("checkout.session", given["session"])
    checkout.settle(world, session, is_paid=bool(given["is_paid"]))
    return public(session)


def _activate(world: World, given: Json) -> Json:
    account = world.get("account", given["account"])
    connect.activate(world, account)
    return public(account)


def _pay_out(world: World, given: Json) -> Json:
    return public(cash.pay_out(world, int(given["amount"])))


def _redeliver(world: World, given: Json) -> Json:
    world.deliver_again(given["event"], int(given.get("times", 1)))
    return {}


def _card(world: World, given: Json) -> Json:
    return public(cards.new_card(world, given["number"], given["customer"]))


def _reset(world: World, _given: Json) -> Json:
    world.reset()
    return {}


_COMMANDS: Final[dict[str, Callable[[World, Json], Json]]] = {
    "activate": _activate, "advance": _advance, "card": _card, "decide": _decide, "dispute": _dispute,
    "fault": _fault, "pay_out": _pay_out, "redeliver": _redeliver, "reset": _reset, "settle": _settle,
    "state": _state,
}  # fmt: skip
