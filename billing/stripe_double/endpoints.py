"""Where events are sent, and the customer portal."""

from __future__ import annotations

import secrets

from billing.stripe_double.operations import answers, change
from billing.stripe_double.refusals import need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World


@answers("post /v1/webhook_endpoints")
def create_endpoint(world: World, params: Json) -> Json:
    """The secret is told in this answer and never again."""
    made = world.make(
        "webhook_endpoint",
        url=params["url"],
        enabled_events=params["enabled_events"],
        status="enabled",
    )
    made["api_version"] = params.get("api_version")
    made["_secret"] = f"whsec_{secrets.token_hex(16)}"
    made["_url"] = params["url"]
    return {**made, "secret": made["_secret"]}


@answers("post /v2/core/event_destinations")
def create_destination(world: World, params: Json) -> Json:
    need(
        params["type"] == "webhook_endpoint",
        "This double sends to webhook endpoints only.",
        None,
        "type",
    )
    made = world.make(
        "v2.core.event_destination", name=params["name"], type=params["type"], status="enabled",
        event_payload=params["event_payload"], enabled_events=params["enabled_events"],
        description=params.get("description", ""), updated=world.iso(),
    )  # fmt: skip
    made["_secret"] = f"whsec_{secrets.token_hex(16)}"
    made["_url"] = params["webhook_endpoint"]["url"]
    answer = dict(made)
    if "webhook_endpoint.signing_secret" in params.get("include", ()):
        answer["webhook_endpoint"] = {"signing_secret": made["_secret"], "url": made["_url"]}
    return answer


def send_everything_to(world: World, url: str, secret: str) -> None:
    """Have every event brought to one address, snapshots and thin ones, signed with this secret."""
    for kind in ("webhook_endpoint", "v2.core.event_destination"):
        world.objects.pop(kind, None)
        made = world.make(kind, enabled_events=["*"], status="enabled")
        made["_url"], made["_secret"] = url, secret


@answers("post /v1/billing_portal/configurations")
def create_configuration(world: World, params: Json) -> Json:
    made = world.make("billing_portal.configuration", active=True, updated=world.now())
    features = made["features"]
    for name, one in params["features"].items():
        if isinstance(features.get(name), dict):
            features[name].update(one)
    change(world, "billing_portal.configuration", made, {"metadata": params.get("metadata", {})})
    made["default_return_url"] = params.get("default_return_url")
    return made


@answers("post /v1/billing_portal/sessions")
def open_portal(world: World, params: Json) -> Json:
    customer = world.get("customer", params.get("customer"))
    configurations = world.all("billing_portal.configuration")
    need(
        configurations,
        "No configuration provided and your default configuration has not been created.",
    )
    made = world.make(
        "billing_portal.session", customer=customer["id"], return_url=params.get("return_url"),
        configuration=params.get("configuration", configurations[0]["id"]),
    )  # fmt: skip
    made["url"] = world.page(f"portal/{made['id']}", params.get("return_url"))
    return made
