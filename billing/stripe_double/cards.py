"""Test cards, customers, and payments with saved cards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from billing.stripe_double import cash
from billing.stripe_double.operations import answers, change, listed
from billing.stripe_double.refusals import Refusal, invalid, need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World

SMALLEST_CHARGE: Final = 50


@dataclass(frozen=True)
class Card:
    """How one of Stripe's published test cards behaves."""

    number: str
    brand: str
    says: str
    on_page: str = "succeeds"  # or declines, authenticates
    later: str = "succeeds"  # when it is charged without its holder; or declines, authenticates
    is_disputed: bool = False


CARDS: Final = {
    card.number: card
    for card in (
        Card("4242424242424242", "visa", "The payment succeeds"),
        Card("5555555555554444", "mastercard", "The payment succeeds"),
        Card("4000000000000002", "visa", "The card is declined", on_page="declines"),
        Card("4000002500003155", "visa", "Asks for 3-D Secure, once", on_page="authenticates"),
        Card(
            "4000002760003184", "visa", "Asks for 3-D Secure each time",
            on_page="authenticates", later="authenticates",
        ),
        Card("4000000000000341", "visa", "Succeeds now, is declined when charged later", later="declines"),
        Card("4000000000000259", "visa", "Succeeds, and is disputed at once", is_disputed=True),
    )
}  # fmt: skip


@answers("post /v1/customers")
def create_customer(world: World, params: Json) -> Json:
    made = world.make("customer")
    change(world, "customer", made, params)
    made["invoice_settings"] = {
        "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None,
        **params.get("invoice_settings", {}),
    }  # fmt: skip
    made["tax_exempt"] = "none"
    world.emit("customer.created", made)
    return made


@answers("get /v1/customers/{customer}/payment_methods")
def cards_of(world: World, params: Json, customer: str) -> Json:
    world.get("customer", customer)
    ones = [one for one in world.all("payment_method") if one["customer"] == customer]
    return listed(ones, params, f"/v1/customers/{customer}/payment_methods")


@answers("get /v1/payment_methods")
def all_cards(world: World, params: Json) -> Json:
    return listed(world.all("payment_method"), params, "/v1/payment_methods")


@answers("post /v1/payment_methods/{payment_method}/attach")
def attach(world: World, params: Json, id_: str) -> Json:
    method = world.get("payment_method", id_)
    method["customer"] = world.get("customer", params["customer"])["id"]
    world.emit("payment_method.attached", method)
    return method


@answers("post /v1/payment_methods/{payment_method}/detach")
def detach(world: World, _params: Json, id_: str) -> Json:
    """Remove a card from its customer; it can never be charged again."""
    method = world.get("payment_method", id_)
    need(method["customer"], "The payment method you provided is not attached to a customer.")
    customer = world.get("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == id_:
        customer["invoice_settings"]["default_payment_method"] = None
    method["customer"] = None
    world.emit("payment_method.detached", method)
    return method


def new_card(
    world: World, number: str, customer: str | None = None, expires: tuple[int, int] = (12, 2034)
) -> Json:
    """A payment method for a test card."""
    card = CARDS.get(number.replace(" ", ""))
    if card is None:
        raise Refusal(
            402,
            "card_error",
            "Your card number is not one of the test cards.",
            code="incorrect_number",
        )
    details = {**world.schema.fields_of("payment_method"), "_": None}
    need("card" in details, "The schema knows no cards.")
    method = world.make("payment_method", type="card", customer=customer)
    method["_number"] = card.number
    method["card"] = {
        "brand": card.brand, "last4": card.number[-4:], "exp_month": expires[0], "exp_year": expires[1],
        "funding": "credit", "country": "US", "fingerprint": f"fp{card.number[-8:]}",
    }  # fmt: skip
    return method


@answers("post /v1/payment_intents")
def create_intent(world: World, params: Json) -> Json:
    """Make a payment, and charge the saved card at once if it is to be confirmed."""
    amount = params["amount"]
    need(
        amount >= SMALLEST_CHARGE, "Amount must be at least $0.50 usd", "amount_too_small", "amount"
    )
    customer = world.get("customer", params["customer"])["id"] if "customer" in params else None
    method = params.get("payment_method")
    if method is not None and world.get("payment_method", method)["customer"] != customer:
        raise invalid(
            "The payment method does not belong to this customer.",
            "resource_missing",
            "payment_method",
        )
    intent = new_intent(
        world, amount, params["currency"], customer,
        metadata=params.get("metadata", {}), description=params.get("description"), payment_method=method,
        setup_future_usage=params.get("setup_future_usage"), status="requires_confirmation",
    )  # fmt: skip
    if params.get("confirm"):
        need(method, "You cannot confirm this PaymentIntent because it's missing a payment method.")
        confirm(world, intent, is_there=not params.get("off_session"))
    return intent


@answers("post /v1/payment_intents/{intent}/confirm")
def confirm_intent(world: World, params: Json, id_: str) -> Json:
    intent = world.get("payment_intent", id_)
    need(
        intent["status"] != "succeeded",
        "This PaymentIntent has already succeeded.",
        "payment_intent_unexpected_state",
    )
    intent["payment_method"] = params.get("payment_method", intent["payment_method"])
    confirm(world, intent, is_there=not params.get("off_session"))
    return intent


@answers("post /v1/payment_intents/{intent}/cancel")
def cancel_intent(world: World, _params: Json, id_: str) -> Json:
    intent = world.get("payment_intent", id_)
    need(intent["status"] not in ("succeeded", "canceled"), "You cannot cancel this PaymentIntent.")
    intent.update(status="canceled", canceled_at=world.now())
    world.emit("payment_intent.canceled", intent)
    return intent


def new_intent(
    world: World, amount: int, currency: str, customer: str | None, **fields: object
) -> Json:
    intent = world.make(
        "payment_intent", amount=amount, currency=currency, customer=customer,
        payment_method_types=["card"], capture_method="automatic", confirmation_method="automatic",
    )  # fmt: skip
    intent.update(fields)
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(8)}"
    return intent


def confirm(world: World, intent: Json, *, is_there: bool) -> None:
    """Charge the card, or say why not; `is_there`: its holder could be asked."""
    method = world.get("payment_method", intent["payment_method"])
    card = CARDS[method["_number"]]
    behaviour = card.on_page if is_there else card.later
    if behaviour == "succeeds":
        succeed(world, intent, method)
        return
    if behaviour == "authenticates" and is_there:
        intent["status"] = "requires_action"
        world.emit("payment_intent.requires_action", intent)
        return
    needs_holder = behaviour == "authenticates"
    fail(
        world,
        intent,
        code="authentication_required" if needs_holder else "card_declined",
        message="This transaction requires authentication."
        if needs_holder
        else "Your card was declined.",
    )


def fail(world: World, intent: Json, *, code: str, message: str) -> None:
    """Leave the intent without a charge and tell the caller, as an error of the card."""
    decline = "authentication_required" if code == "authentication_required" else "generic_decline"
    told = {"type": "card_error", "code": code, "message": message, "decline_code": decline}
    intent.update(status="requires_payment_method", last_payment_error=told)
    world.emit("payment_intent.payment_failed", intent)
    sent = {name: intent[name] for name in ("id", "object", "status", "amount", "currency")}
    raise Refusal(402, "card_error", message, code=code, decline_code=decline, payment_intent=sent)


def succeed(world: World, intent: Json, method: Json) -> Json:
    """Take the money: a charge, its balance transaction, and the events of both."""
    card = method["card"]
    charge = world.make(
        "charge", amount=intent["amount"], amount_captured=intent["amount"], currency=intent["currency"],
        customer=intent["customer"], payment_intent=intent["id"], payment_method=method["id"],
        paid=True, captured=True, status="succeeded", metadata=dict(intent["metadata"]),
        payment_method_details={"type": "card", "card": {"exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "brand": card["brand"], "last4": card["last4"],
            "fingerprint": card["fingerprint"], "country": card["country"], "funding": card["funding"]}},
    )  # fmt: skip
    amount = charge["amount"]
    moved = cash.book(world, "charge", charge, amount, fee=cash.charge_fee(amount))
    charge["balance_transaction"] = moved["id"]
    intent.update(
        status="succeeded", latest_charge=charge["id"], amount_received=amount,
        payment_method=method["id"], last_payment_error=None,
    )  # fmt: skip
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    if CARDS[method["_number"]].is_disputed:
        cash.open_dispute(world, charge["id"])
    return charge
