"""Invoices: of top-ups, paid already, and of subscriptions, made from what meters have counted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from billing.stripe_double import cards, metering, schema
from billing.stripe_double.operations import answers, as_list
from billing.stripe_double.refusals import Refusal, need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import DAY, World

SECONDS_AS_DRAFT: Final = 3600
RETRY_DAYS: Final = (3, 5, 7)
"""After how many days each further attempt to charge the card is made; then it is given up."""


def of_session(world: World, session: Json, intent: Json) -> Json:
    """The invoice of something bought on a Checkout page."""
    invoice = _new(
        world, session["customer"], session["currency"], "manual", session["success_url"]
    )
    lines = [
        _line(invoice, one["description"], one["amount_total"], one["quantity"])
        for one in session["_lines"]
    ]
    _add_up(invoice, lines, tax=session["total_details"]["amount_tax"])
    invoice["metadata"] = dict(session["metadata"])
    _finalize(world, invoice)
    _settle(world, invoice, intent)
    return invoice


def of_period(world: World, subscription: Json, start: int, end: int) -> Json:
    """A draft for one period of a subscription; late usage still counts until it is final."""
    invoice = _new(
        world, subscription["customer"], subscription["currency"], "subscription_cycle", None
    )
    invoice.update(period_start=start, period_end=end, status="draft", auto_advance=True)
    invoice["parent"] = {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {
            "metadata": dict(subscription["metadata"]), "subscription": subscription["id"], "subscription_proration_date": None,
        },
    }  # fmt: skip
    invoice["automatically_finalizes_at"] = world.now() + SECONDS_AS_DRAFT
    invoice["_subscription"] = subscription["id"]
    _count(world, invoice, subscription)
    subscription["latest_invoice"] = invoice["id"]
    world.emit("invoice.created", invoice)
    return invoice


def preview(world: World, subscription: Json) -> Json:
    """What the present period would cost if it ended now. Kept nowhere."""
    item = subscription["items"]["data"][0]
    invoice = _new(world, subscription["customer"], subscription["currency"], "upcoming", None)
    del world.objects["invoice"][invoice["id"]]
    invoice.update(
        id=f"upcoming_{invoice['id']}", period_start=item["current_period_start"],
        period_end=item["current_period_end"], status="draft",
    )  # fmt: skip
    _count(world, invoice, subscription)
    return invoice


def advance(world: World) -> None:
    """Finalize what has been a draft for long enough, and charge what is due."""
    for invoice in world.all("invoice"):
        if (
            invoice["status"] == "draft"
            and (invoice["automatically_finalizes_at"] or 0) <= world.now()
        ):
            if invoice.get("_subscription"):
                _count(world, invoice, world.get("subscription", invoice["_subscription"]))
            _finalize(world, invoice)
            collect(world, invoice)
        elif (
            invoice["status"] == "open"
            and (invoice["next_payment_attempt"] or world.now() + 1) <= world.now()
        ):
            collect(world, invoice)


@answers("post /v1/invoices/{invoice}/finalize")
def finalize(world: World, _params: Json, id_: str) -> Json:
    invoice = world.get("invoice", id_)
    need(invoice["status"] == "draft", "This invoice is already finalized.", "invoice_not_editable")
    _finalize(world, invoice)
    return invoice


@answers("post /v1/invoices/{invoice}/pay")
def pay(world: World, _params: Json, id_: str) -> Json:
    """Try to charge the card now; what goes wrong is said at once."""
    invoice = world.get("invoice", id_)
    need(
        invoice["status"] == "open",
        "Only open invoices can be paid.",
        "invoice_payment_intent_requires_action",
    )
    refusal = collect(world, invoice)
    if refusal is not None:
        raise refusal
    return invoice


@answers("post /v1/invoices/{invoice}/void")
def void(world: World, _params: Json, id_: str) -> Json:
    invoice = world.get("invoice", id_)
    need(invoice["status"] in ("open", "uncollectible"), "Only open invoices can be voided.")
    invoice.update(status="void", next_payment_attempt=None, amount_remaining=0)
    world.emit("invoice.voided", invoice)
    return invoice


@answers("get /v1/invoices/{invoice}/lines")
def lines(world: World, _params: Json, id_: str) -> Json:
    return as_list(world.get("invoice", id_)["lines"]["data"], f"/v1/invoices/{id_}/lines")


def collect(world: World, invoice: Json) -> Refusal | None:
    """Charge the customer's card for it; after the last attempt, give it up."""
    if invoice["amount_due"] == 0:
        _settle(world, invoice, None)
        return None
    customer = world.get("customer", invoice["customer"])
    method = customer["invoice_settings"]["default_payment_method"]
    invoice["attempt_count"] += 1
    invoice["attempted"] = True
    intent = cards.new_intent(
        world, invoice["amount_due"], invoice["currency"], customer["id"],
        payment_method=method, metadata={"invoice": invoice["id"]},
    )  # fmt: skip
    refusal = None
    try:
        need(method, "There is no default payment method.", "missing_payment_method")
        cards.confirm(world, intent, is_there=False)
    except Refusal as error:
        refusal = error
        _postpone(world, invoice)
    else:
        _settle(world, invoice, intent)
    return refusal


def _postpone(world: World, invoice: Json) -> None:
    tries = invoice["attempt_count"]
    is_over = tries > len(RETRY_DAYS)
    invoice["next_payment_attempt"] = None if is_over else world.now() + RETRY_DAYS[tries - 1] * DAY
    world.emit("invoice.payment_failed", invoice)
    status = "unpaid" if is_over else "past_due"
    if is_over:
        invoice["status"] = "uncollectible"
        invoice["status_transitions"]["marked_uncollectible_at"] = world.now()
        world.emit("invoice.marked_uncollectible", invoice)
    _tell_subscription(world, invoice, status)


def _settle(world: World, invoice: Json, intent: Json | None) -> None:
    """It is paid."""
    invoice.update(
        status="paid",
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        next_payment_attempt=None,
        attempted=True,
    )
    invoice["status_transitions"]["paid_at"] = world.now()
    if intent is not None:
        payment = world.make(
            "invoice_payment", invoice=invoice["id"], amount_paid=invoice["amount_due"],
            amount_requested=invoice["amount_due"], currency=invoice["currency"], is_default=True, status="paid",
            payment={"type": "payment_intent", "payment_intent": intent["id"], "charge": None, "payment_record": None},
            status_transitions={"canceled_at": None, "paid_at": world.now()},
        )  # fmt: skip
        invoice["payments"] = as_list([payment], "/v1/invoice_payments")
    world.emit("invoice.paid", invoice)
    _tell_subscription(world, invoice, "active")


def _tell_subscription(world: World, invoice: Json, status: str) -> None:
    if invoice.get("_subscription"):
        subscription = world.get("subscription", invoice["_subscription"])
        if subscription["status"] not in (status, "canceled"):
            subscription["status"] = status
            world.emit("customer.subscription.updated", subscription)


def _new(world: World, customer: str, currency: str, reason: str, beside: str | None) -> Json:
    invoice = world.make(
        "invoice", customer=customer, currency=currency, billing_reason=reason, status="draft"
    )
    number = len(world.all("invoice"))
    invoice.update(
        number=f"TEST-{number:04}", collection_method="charge_automatically", issuer={"account": None, "type": "self"},
        hosted_invoice_url=world.page(f"invoice/{invoice['id']}", beside or _seen(world)),
        period_start=world.now(), period_end=world.now(), customer_email=world.get("customer", customer)["email"],
    )  # fmt: skip
    return invoice


def _seen(world: World) -> str | None:
    """Where a visitor was last sent back to: their way to the site's pages."""
    sessions = world.all("checkout.session")
    return sessions[-1]["success_url"] if sessions else None


def _count(world: World, invoice: Json, subscription: Json) -> None:
    """Write the lines from what the meters say now."""
    start, end, made = invoice["period_start"], invoice["period_end"], []
    for item in subscription["items"]["data"]:
        price = item["price"]
        meter = price["recurring"]["meter"]
        quantity = metering.total(world, meter, subscription["customer"], start, end)
        exact = quantity * Decimal(price["unit_amount_decimal"])
        cents = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        name = world.get("product", price["product"])["name"]
        line = _line(invoice, f"{quantity:f} × {name}", cents, None)
        line.update(quantity_decimal=f"{quantity:f}", period={"start": start, "end": end})
        line["pricing"] = {
            "type": "price_details", "unit_amount_decimal": price["unit_amount_decimal"],
            "price_details": {"price": price["id"], "product": price["product"]},
        }  # fmt: skip
        made.append(line)
    subtotal = sum(one["amount"] for one in made)
    is_taxed = subscription["automatic_tax"]["enabled"]
    _add_up(invoice, made, tax=subtotal * world.tax_bps // 10_000 if is_taxed else 0)


def _line(invoice: Json, text: str, amount: int, quantity: int | None) -> Json:
    line = schema.load().blank("line_item")
    line.update(
        id=f"il_{invoice['id'][3:]}{len(text)}", object="line_item", amount=amount, subtotal=amount,
        currency=invoice["currency"], description=text, quantity=quantity, invoice=invoice["id"],
        period={"start": invoice["period_start"], "end": invoice["period_end"]},
    )  # fmt: skip
    return line


def _add_up(invoice: Json, made: list[Json], *, tax: int) -> None:
    subtotal = sum(one["amount"] for one in made)
    invoice["lines"] = as_list(made, f"/v1/invoices/{invoice['id']}/lines")
    invoice.update(
        subtotal=subtotal, total=subtotal + tax, amount_due=subtotal + tax, amount_remaining=subtotal + tax,
        subtotal_excluding_tax=subtotal, total_excluding_tax=subtotal,
        total_taxes=[_tax(subtotal, tax)] if tax else [],
    )  # fmt: skip
    invoice["automatic_tax"]["enabled"] = bool(tax)


def _tax(base: int, tax: int) -> Json:
    return {
        "amount": tax, "tax_behavior": "exclusive", "tax_rate_details": None,
        "taxability_reason": "standard_rated", "taxable_amount": base, "type": "tax_rate_details",
    }  # fmt: skip


def _finalize(world: World, invoice: Json) -> None:
    invoice.update(
        status="open", auto_advance=True, automatically_finalizes_at=None, effective_at=world.now()
    )
    invoice["status_transitions"]["finalized_at"] = world.now()
    world.emit("invoice.finalized", invoice)


def when(moment: int) -> str:
    """A date for people."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %B %Y")
