"""Which function answers which operation, and what those do that no function is written for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from billing.stripe_double.refusals import need
from billing.stripe_double.schema import Json, Operation
from billing.stripe_double.world import World, public

Handler = Callable[..., Json]
HANDLERS: Final[dict[str, Handler]] = {}
_OF_LISTS: Final = (
    "limit",
    "starting_after",
    "ending_before",
    "created",
    "expand",
    "page",
    "types",
)


def answers(*names: str) -> Callable[[Handler], Handler]:
    """`@answers("post /v1/refunds")`: called with the world, the parameters and the path's ids."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def carry_out(
    world: World, operation: Operation, ids: tuple[str, ...], params: Json, path: str
) -> Json:
    """Do it, and give the answer with what was asked to be expanded."""
    wanted = [str(one) for one in params.pop("expand", ())]
    handler = HANDLERS.get(operation.name)
    if handler is None:
        answer = _plain(world, operation, ids, params, path)
    else:
        answer = public(handler(world, params, *ids))
    for one in wanted:
        _expand(world, answer, one.split("."))
    return answer


def listed(ones: list[Json], params: Json, path: str) -> Json:
    """A page of these objects, the newest first, narrowed by the parameters."""
    limit = int(params.get("limit", 10))
    need(1 <= limit <= 100, "This value must be between 1 and 100.", None, "limit")
    equal = {name: one for name, one in params.items() if name not in _OF_LISTS}
    found = [
        one
        for one in reversed(ones)
        if all(one.get(name) == value for name, value in equal.items())
        and _is_between(one.get("created", 0), params.get("created"))
        and ("types" not in params or one.get("type") in params["types"])
    ]
    if "starting_after" in params:
        before = [one["id"] for one in found]
        need(
            params["starting_after"] in before,
            "No such object to start after",
            None,
            "starting_after",
        )
        found = found[before.index(params["starting_after"]) + 1 :]
    data = [public(one) for one in found[:limit]]
    if path.startswith("/v2/"):
        return {"data": data, "next_page_url": None, "previous_page_url": None}
    return {"object": "list", "data": data, "has_more": len(found) > limit, "url": path}


def as_list(data: list[Json], path: str) -> Json:
    """A list inside an object."""
    return {"object": "list", "data": data, "has_more": False, "url": path}


def _plain(
    world: World, operation: Operation, ids: tuple[str, ...], params: Json, path: str
) -> Json:
    """Make, read, list, change and delete, as every kind of object can be."""
    kind, is_list = world.schema.resource_of(operation)
    is_action = operation.verb == "post" and bool(ids) and not operation.path.endswith("}")
    if kind is None or is_action:
        world.unimplemented.add(operation.name)
        return {}
    if is_list:
        return listed(world.all(kind), params, path)
    if operation.verb == "post" and not ids:
        world.unimplemented.add(operation.name)  # whoever makes something says what it is
        return {}
    found = world.get(kind, ids[0])
    if operation.verb == "delete":
        del world.objects[kind][ids[0]]
        return {"id": ids[0], "object": kind, "deleted": True}
    if operation.verb == "post":
        change(world, kind, found, params)
    return public(found)


def change(world: World, kind: str, found: Json, params: Json) -> None:
    """Take over what the parameters say; metadata is merged, as Stripe merges it."""
    fields = world.schema.fields_of(kind)
    merged = {**(found.get("metadata") or {}), **params.get("metadata", {})}
    for name, value in params.items():
        if name in fields and isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = {**found[name], **value}
        elif name in fields:
            found[name] = value
    if "metadata" in fields:
        found["metadata"] = {name: one for name, one in merged.items() if one != ""}


def _is_between(created: object, wanted: object) -> bool:
    if not isinstance(created, int) or wanted is None:
        return True
    if isinstance(wanted, int):
        return created == wanted
    limits = wanted if isinstance(wanted, dict) else {}
    checks = {
        "gt": created > limits.get("gt", created - 1),
        "gte": created >= limits.get("gte", created),
        "lt": created < limits.get("lt", created + 1),
        "lte": created <= limits.get("lte", created),
    }
    return all(checks.values())


def _expand(world: World, inside: object, path: list[str]) -> None:
    if isinstance(inside, list):
        for one in inside:
            _expand(world, one, path)
        return
    if not path or not isinstance(inside, dict):
        return
    value = inside.get(path[0])
    if isinstance(value, str):
        found = world.anything(value)
        need(found, f"This property cannot be expanded ({path[0]}).", None, "expand")
        inside[path[0]] = value = public(found or {})
    _expand(world, value, path[1:])
