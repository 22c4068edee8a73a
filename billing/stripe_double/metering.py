"""Meters: usage comes in as events, is summed by customer, and is judged partly later."""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from typing import Final

from billing.stripe_double.operations import answers
from billing.stripe_double.refusals import Refusal, invalid, need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import DAY, World, public

MOST_DIGITS: Final = 15
SECONDS_OF_A_SESSION: Final = 900
_STEPS: Final = {"hour": 3600, "day": DAY}


@answers("post /v1/billing/meters")
def create_meter(world: World, params: Json) -> Json:
    taken = [one for one in _active(world) if one["event_name"] == params["event_name"]]
    need(
        not taken,
        f"A meter with event_name {params['event_name']} already exists",
        None,
        "event_name",
    )
    return world.make(
        "billing.meter",
        display_name=params["display_name"],
        event_name=params["event_name"],
        default_aggregation=params["default_aggregation"],
        customer_mapping=params.get(
            "customer_mapping", {"type": "by_id", "event_payload_key": "stripe_customer_id"}
        ),
        value_settings=params.get("value_settings", {"event_payload_key": "value"}),
        status="active",
        updated=world.now(),
    )


@answers("post /v1/billing/meters/{id}/deactivate", "post /v1/billing/meters/{id}/reactivate")
def switch_meter(world: World, _params: Json, id_: str) -> Json:
    meter = world.get("billing.meter", id_)
    meter["status"] = "inactive" if meter["status"] == "active" else "active"
    meter["status_transitions"]["deactivated_at"] = (
        world.now() if meter["status"] == "inactive" else None
    )
    return meter


@answers("post /v1/billing/meter_events")
def take_event(world: World, params: Json) -> Json:
    """Take usage in. What is wrong with it may turn out only later, in an error report."""
    now, at = world.now(), params.get("timestamp", world.now())
    need(
        at >= now - 35 * DAY,
        "The timestamp is too far in the past.",
        "timestamp_too_far_in_past",
        "timestamp",
    )
    need(at <= now + 300, "The timestamp is in the future.", "timestamp_in_future", "timestamp")
    identifier = params.get("identifier") or secrets.token_hex(16)
    before = world.usage.get(identifier)
    if before is not None and now - before["received"] < DAY:
        raise invalid(f"An event already exists with identifier {identifier}.", None, "identifier")
    for value in params["payload"].values():
        digits = len(re.sub(r"\D", "", value)) if re.fullmatch(r"-?[\d.]+", value) else 0
        need(
            digits <= MOST_DIGITS,
            "The value can have at most 15 digits.",
            "meter_event_value_too_many_digits",
        )
    event = world.schema.blank("billing.meter_event")
    event.update(
        object="billing.meter_event", created=now, event_name=params["event_name"],
        identifier=identifier, payload=params["payload"], timestamp=at,
    )  # fmt: skip
    _judge(world, event)
    return event


@answers("post /v2/billing/meter_events")
def take_event_v2(world: World, params: Json) -> Json:
    event = take_event(world, {**params, "timestamp": world.now()})
    return {
        **event,
        "object": "v2.billing.meter_event",
        "created": world.iso(),
        "timestamp": world.iso(),
    }


@answers("post /v1/billing/meter_event_adjustments")
def cancel_event(world: World, params: Json) -> Json:
    identifier = params.get("cancel", {}).get("identifier")
    found = world.usage.get(str(identifier))
    if found is None:
        raise invalid(
            f"No event found with identifier {identifier}.",
            "resource_missing",
            "cancel[identifier]",
        )
    need(world.now() - found["received"] < DAY, "An event can be cancelled within 24 hours only.")
    found["is_cancelled"] = True
    made = world.schema.blank("billing.meter_event_adjustment")
    made.update(
        object="billing.meter_event_adjustment", event_name=params["event_name"], type="cancel",
        status="pending", cancel={"identifier": identifier},
    )  # fmt: skip
    return made


@answers("get /v1/billing/meters/{id}/event_summaries")
def summaries(world: World, params: Json, id_: str) -> Json:
    """Sum a customer's events, altogether or by hour or day; hours without any are left out."""
    world.get("billing.meter", id_)
    window = params.get("value_grouping_window")
    step, start, end = _STEPS.get(str(window), 60), params["start_time"], params["end_time"]
    need(
        start % step == 0 and end % step == 0,
        "start_time and end_time must be aligned.",
        None,
        "start_time",
    )
    sums: dict[int, Decimal] = {}
    for one in _usage(world, id_, params["customer"], start, end):
        begin = one["timestamp"] // step * step if window else start
        sums[begin] = sums.get(begin, Decimal(0)) + Decimal(one["value"])
    data = []
    for begin, value in sorted(sums.items(), reverse=True):
        made = world.schema.blank("billing.meter_event_summary")
        made.update(
            id=f"mtrusg_{id_[-6:]}{begin}", object="billing.meter_event_summary", meter=id_,
            aggregated_value=float(value), start_time=begin, end_time=begin + step if window else end,
        )  # fmt: skip
        data.append(made)
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "url": f"/v1/billing/meters/{id_}/event_summaries",
    }


@answers("post /v2/billing/meter_event_session")
def open_stream(world: World, _params: Json) -> Json:
    token = f"mes_{secrets.token_hex(12)}"
    until = world.now() + SECONDS_OF_A_SESSION
    made = world.make(
        "v2.billing.meter_event_session", authentication_token=token, expires_at=world.iso(until)
    )
    made["_until"] = until
    return made


@answers("post /v2/billing/meter_event_stream")
def take_stream(world: World, params: Json) -> Json:
    need(len(params["events"]) <= 100, "At most 100 events in one request.")
    for one in params["events"]:
        take_event(world, {**one, "timestamp": world.now()})
    return {}


def stream_is_open(world: World, token: str) -> bool:
    sessions = world.all("v2.billing.meter_event_session")
    return any(
        one["authentication_token"] == token and one["_until"] >= world.now() for one in sessions
    )


def total(world: World, meter: str, customer: str, start: int, end: int) -> Decimal:
    """What an invoice for this time is made from."""
    return sum(
        (Decimal(one["value"]) for one in _usage(world, meter, customer, start, end)), Decimal(0)
    )


def _usage(world: World, meter: str, customer: str, start: int, end: int) -> list[Json]:
    return [
        one
        for one in world.usage.values()
        if (one["meter"], one["customer"]) == (meter, customer)
        and start <= one["timestamp"] < end
        and not one["is_cancelled"]
    ]


def _active(world: World) -> list[Json]:
    return [one for one in world.all("billing.meter") if one["status"] == "active"]


def _judge(world: World, event: Json) -> None:
    """Count it, or report that it does not count: by a thin event, long after the answer."""
    meters = [one for one in world.all("billing.meter") if one["event_name"] == event["event_name"]]
    meter = next((one for one in meters if one["status"] == "active"), None)
    if meter is None:
        code = "archived_meter" if meters else "no_meter"
        _report(
            world,
            event,
            meters[0] if meters else None,
            code,
            "There is no active meter of this name.",
        )
        return
    customer = event["payload"].get(meter["customer_mapping"]["event_payload_key"])
    value = event["payload"].get(meter["value_settings"]["event_payload_key"], "")
    if customer is None:
        _report(
            world, event, meter, "meter_event_no_customer_defined", "The payload names no customer."
        )
    elif customer not in world.objects.get("customer", {}):
        _report(
            world, event, meter, "meter_event_customer_not_found", f"No such customer: {customer}"
        )
    elif not re.fullmatch(r"-?\d+(\.\d+)?", value):
        _report(world, event, meter, "meter_event_invalid_value", "The value is no number.")
    else:
        key = event["identifier"]
        if key in world.usage:  # known a day ago and counted again: the same usage, twice
            world.usage[f"{key} of {world.usage[key]['received']}"] = world.usage.pop(key)
        world.usage[key] = {
            "meter": meter["id"], "customer": customer, "value": value, "timestamp": event["timestamp"],
            "received": world.now(), "is_cancelled": False,
        }  # fmt: skip


def _report(world: World, event: Json, meter: Json | None, code: str, message: str) -> None:
    named = meter or {"id": ""}
    sample = {"error_message": message, "request": {"identifier": event["identifier"]}}
    type_ = (
        "v1.billing.meter.no_meter_found"
        if code == "no_meter"
        else "v1.billing.meter.error_report_triggered"
    )
    world.emit_thin(
        type_,
        public(named),
        {
            "developer_message_summary": f"There is 1 invalid event: {message}",
            "reason": {
                "error_count": 1,
                "error_types": [{"code": code, "error_count": 1, "sample_errors": [sample]}],
            },
            "validation_start": world.iso(world.now() - 10),
            "validation_end": world.iso(),
        },
    )


def refuse_closed_stream(world: World, token: str) -> None:
    if not stream_is_open(world, token):
        raise Refusal(
            401,
            "temporary_session_expired",
            "Your session has expired. Make a new one.",
            code="billing_meter_event_session_expired",
        )
