"""Subscriptions to metered prices: periods that end with the clock, each with an invoice."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.stripe_double import invoices
from billing.stripe_double.operations import answers, as_list, change, listed
from billing.stripe_double.refusals import need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World, on_tick


@answers("post /v1/products")
def create_product(world: World, params: Json) -> Json:
    need(
        "id" not in params or params["id"] not in world.objects.get("product", {}),
        "Product already exists.",
    )
    made = world.make("product", active=True, type="service", updated=world.now())
    change(world, "product", made, params)
    return made


@answers("post /v1/prices")
def create_price(world: World, params: Json) -> Json:
    """A price; a metered one names an active meter, as Stripe demands since 2025."""
    recurring = params.get("recurring")
    product = world.get("product", params.get("product"))
    need(
        "unit_amount" in params or "unit_amount_decimal" in params,
        "A price needs an amount.",
        "parameter_missing",
    )
    if recurring and recurring.get("usage_type") == "metered":
        meter = world.get("billing.meter", recurring.get("meter"))
        need(meter["status"] == "active", "The meter is not active.", None, "recurring[meter]")
    made = world.make(
        "price", active=True, product=product["id"], currency=params["currency"], billing_scheme="per_unit",
        type="recurring" if recurring else "one_time", nickname=params.get("nickname"),
        unit_amount=params.get("unit_amount"), metadata=params.get("metadata", {}),
        unit_amount_decimal=params.get("unit_amount_decimal", str(params.get("unit_amount"))),
    )  # fmt: skip
    if recurring:
        made["recurring"] = {
            "interval": recurring["interval"], "interval_count": 1, "meter": recurring.get("meter"),
            "usage_type": recurring.get("usage_type", "licensed"), "trial_period_days": None,
        }  # fmt: skip
    return made


@answers("post /v1/subscriptions")
def subscribe(world: World, params: Json) -> Json:
    customer = world.get("customer", params.get("customer"))
    need(params.get("items"), "Missing required param: items.", "parameter_missing", "items")
    made = world.make(
        "subscription", customer=customer["id"], status="active", start_date=world.now(),
        collection_method="charge_automatically", metadata=params.get("metadata", {}),
        description=params.get("description"), billing_cycle_anchor=world.now(),
    )  # fmt: skip
    made["automatic_tax"]["enabled"] = params.get("automatic_tax", {}).get("enabled", False)
    made["billing_mode"].update(type="flexible")
    given = params.get("billing_cycle_anchor_config")
    if given is not None:
        made["billing_cycle_anchor_config"] = (
            dict.fromkeys(("month", "hour", "minute", "second")) | given
        )
    end = _next(world.now(), given)
    items = [_item(world, made, one, world.now(), end) for one in params["items"]]
    made["currency"] = items[0]["price"]["currency"]
    made["items"] = as_list(items, f"/v1/subscription_items?subscription={made['id']}")
    world.emit("customer.subscription.created", made)
    return made


@answers("post /v1/subscriptions/{subscription_exposed_id}")
def change_subscription(world: World, params: Json, id_: str) -> Json:
    made = world.get("subscription", id_)
    change(
        world, "subscription", made, {name: one for name, one in params.items() if name != "items"}
    )
    world.emit("customer.subscription.updated", made)
    return made


@answers("delete /v1/subscriptions/{subscription_exposed_id}")
def cancel(world: World, params: Json, id_: str) -> Json:
    """End it now; `invoice_now` bills what has been used so far."""
    made = world.get("subscription", id_)
    need(made["status"] != "canceled", "This subscription is already canceled.", "resource_missing")
    if params.get("invoice_now"):
        start = made["items"]["data"][0]["current_period_start"]
        invoices.of_period(world, made, start, world.now())
    made.update(status="canceled", canceled_at=world.now(), ended_at=world.now())
    world.emit("customer.subscription.deleted", made)
    return made


@answers("get /v1/subscriptions")
def subscriptions(world: World, params: Json) -> Json:
    ones = [one for one in world.all("subscription") if one["status"] != "canceled"]
    return listed(ones, params, "/v1/subscriptions")


@answers("get /v1/subscription_items")
def subscription_items(world: World, params: Json) -> Json:
    found = world.get("subscription", params["subscription"])
    return as_list(found["items"]["data"], "/v1/subscription_items")


@answers("post /v1/invoices/create_preview")
def preview(world: World, params: Json) -> Json:
    return invoices.preview(world, world.get("subscription", params.get("subscription")))


@on_tick
def turn_periods(world: World) -> None:
    """End each period that is over, bill it, and begin the next."""
    for subscription in world.all("subscription"):
        if subscription["status"] == "canceled":
            continue
        items = subscription["items"]["data"]
        while items[0]["current_period_end"] <= world.now():
            start, end = items[0]["current_period_start"], items[0]["current_period_end"]
            for item in items:
                item.update(
                    current_period_start=end,
                    current_period_end=_next(end, subscription["billing_cycle_anchor_config"]),
                )
            invoices.of_period(world, subscription, start, end)
            world.emit("customer.subscription.updated", subscription)
    invoices.advance(world)


def _item(world: World, subscription: Json, given: Json, start: int, end: int) -> Json:
    price = world.get("price", given.get("price"))
    is_metered = (price["recurring"] or {}).get("usage_type") == "metered"
    need(is_metered, "This double subscribes to metered prices only.", None, "items[0][price]")
    need(
        "quantity" not in given,
        "You cannot set a quantity on a metered price.",
        None,
        "items[0][quantity]",
    )
    plan = world.schema.blank("plan")
    plan.update(
        id=price["id"], object="plan", active=True, currency=price["currency"], interval="month", interval_count=1,
        billing_scheme="per_unit", usage_type="metered", meter=price["recurring"]["meter"], product=price["product"],
        amount_decimal=price["unit_amount_decimal"],
    )  # fmt: skip
    return world.make(
        "subscription_item", price=price, plan=plan, subscription=subscription["id"],
        current_period_start=start, current_period_end=end,
    )  # fmt: skip


def _next(after: int, anchor: Json | None) -> int:
    """The first anchor after this moment: that day and hour of this month or of the next one."""
    given = {name: one for name, one in (anchor or {}).items() if one is not None}
    moment = datetime.fromtimestamp(after, UTC)
    place = {name: given.get(name, 0) for name in ("hour", "minute", "second")}
    candidate = moment.replace(day=given.get("day_of_month", 1), microsecond=0, **place)
    if candidate <= moment:
        year, month = divmod(candidate.year * 12 + candidate.month, 12)
        candidate = candidate.replace(year=year, month=month + 1)
    return int(candidate.timestamp())
