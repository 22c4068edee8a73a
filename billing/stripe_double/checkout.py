"""Checkout: a page of ours on which somebody pays, or leaves a card for later."""

from __future__ import annotations

from billing.stripe_double import cards, invoices
from billing.stripe_double.operations import answers, as_list
from billing.stripe_double.refusals import invalid, need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import DAY, World, on_tick


@answers("post /v1/checkout/sessions")
def open_session(world: World, params: Json) -> Json:
    """Prepare the page; nothing is charged before somebody pays on it."""
    mode = params.get("mode", "payment")
    need(
        mode in ("payment", "setup"),
        "This double opens sessions of mode payment and setup.",
        None,
        "mode",
    )
    need(
        params.get("success_url"),
        "Missing required param: success_url.",
        "parameter_missing",
        "success_url",
    )
    if "customer" in params:
        world.get("customer", params["customer"])
    session = world.make("checkout.session", mode=mode, status="open", ui_mode="hosted_page")
    lines = [_line(world, one) for one in params.get("line_items", ())]
    need(
        lines or mode == "setup",
        "Missing required param: line_items.",
        "parameter_missing",
        "line_items",
    )
    session.update(
        {
            name: params.get(name)
            for name in (
                "success_url",
                "cancel_url",
                "customer",
                "client_reference_id",
                "locale",
                "customer_email",
            )
        },
        metadata=params.get("metadata", {}),
        currency=lines[0]["currency"] if lines else params.get("currency"),
        payment_status="unpaid" if mode == "payment" else "no_payment_required",
        payment_method_types=["card"],
        expires_at=_expiry(world, params),
        url=world.page(f"pay/{session['id']}", params["success_url"]),
    )
    session["_lines"], session["_params"] = lines, params
    _add_up(world, session)
    return session


@answers("get /v1/checkout/sessions/{session}/line_items")
def line_items(world: World, _params: Json, id_: str) -> Json:
    return as_list(
        world.get("checkout.session", id_)["_lines"], f"/v1/checkout/sessions/{id_}/line_items"
    )


@answers("post /v1/checkout/sessions/{session}/expire")
def expire(world: World, _params: Json, id_: str) -> Json:
    session = world.get("checkout.session", id_)
    need(
        session["status"] == "open",
        "Only Checkout Sessions with a status in [open] can be expired.",
    )
    _end(world, session)
    return session


@on_tick
def expire_what_nobody_paid(world: World) -> None:
    for session in world.all("checkout.session"):
        if session["status"] == "open" and session["expires_at"] <= world.now():
            _end(world, session)


def pay(world: World, session: Json, number: str, *, expires: tuple[int, int] = (12, 2034)) -> str:
    """Pay on the page: `paid`, or `authenticate` if the bank wants to ask first; else a Refusal."""
    need(session["status"] == "open", "This session is no longer open.")
    customer = session["customer"] or cards.create_customer(world, {})["id"]
    session["customer"] = customer
    method = cards.new_card(world, number, expires=expires)
    if session["mode"] == "setup":
        return _leave_card(world, session, method)
    intent = _intent(world, session)
    intent["payment_method"] = method["id"]
    cards.confirm(world, intent, is_there=True)
    if intent["status"] == "requires_action":
        return "authenticate"
    complete(world, session)
    return "paid"


def authenticate(world: World, session: Json, *, is_confirmed: bool) -> None:
    """What the cardholder answered their bank."""
    if session["mode"] == "setup":
        method = world.get("payment_method", session["_method"])
        if not is_confirmed:
            raise invalid(
                "Your bank could not confirm that it is you.", "setup_intent_authentication_failure"
            )
        _keep(world, session, method)
        return
    intent = _intent(world, session)
    method = world.get("payment_method", intent["payment_method"])
    if not is_confirmed:
        cards.fail(
            world, intent, code="payment_intent_authentication_failure",
            message="Your bank could not confirm that it is you.",
        )  # fmt: skip
    cards.succeed(world, intent, method)
    complete(world, session)


def pay_by_bank(world: World, session: Json) -> None:
    """Finish the page with a payment that takes days: `settle` ends it."""
    intent = _intent(world, session)
    intent["status"] = "processing"
    session.update(status="complete", payment_status="unpaid", url=None)
    world.emit("checkout.session.completed", session)


def settle(world: World, session: Json, *, is_paid: bool) -> None:
    intent = _intent(world, session)
    need(intent["status"] == "processing", "This payment is not on its way.")
    if is_paid:
        cards.succeed(world, intent, cards.new_card(world, "4242424242424242"))
        session["payment_status"] = "paid"
        world.emit("checkout.session.async_payment_succeeded", session)
        return
    intent["status"] = "requires_payment_method"
    world.emit("payment_intent.payment_failed", intent)
    world.emit("checkout.session.async_payment_failed", session)


def complete(world: World, session: Json) -> None:
    """After the money: keep the card if asked to, write the invoice, tell everybody."""
    intent = _intent(world, session)
    if intent["setup_future_usage"]:
        world.get("payment_method", intent["payment_method"])["customer"] = session["customer"]
    session.update(status="complete", payment_status="paid", url=None)
    if session["_params"].get("invoice_creation", {}).get("enabled"):
        session["invoice"] = invoices.of_session(world, session, intent)["id"]
    world.emit("checkout.session.completed", session)


def _intent(world: World, session: Json) -> Json:
    if session["payment_intent"] is not None:
        return world.get("payment_intent", session["payment_intent"])
    wanted = session["_params"].get("payment_intent_data", {})
    intent = cards.new_intent(
        world, session["amount_total"], session["currency"], session["customer"],
        metadata=wanted.get("metadata", {}), description=wanted.get("description"),
        setup_future_usage=wanted.get("setup_future_usage"),
    )  # fmt: skip
    session["payment_intent"] = intent["id"]
    return intent


def _leave_card(world: World, session: Json, method: Json) -> str:
    behaviour = cards.CARDS[method["_number"]].on_page
    if behaviour == "declines":
        raise invalid("Your card was declined.", "card_declined")
    if behaviour == "authenticates":
        session["_method"] = method["id"]
        return "authenticate"
    _keep(world, session, method)
    return "paid"


def _keep(world: World, session: Json, method: Json) -> None:
    method["customer"] = session["customer"]
    intent = world.make(
        "setup_intent", customer=session["customer"], payment_method=method["id"], status="succeeded",
        usage="off_session", payment_method_types=["card"], metadata=dict(session["metadata"]),
    )  # fmt: skip
    session.update(status="complete", setup_intent=intent["id"], url=None)
    world.emit("setup_intent.succeeded", intent)
    world.emit("checkout.session.completed", session)


def _end(world: World, session: Json) -> None:
    session.update(status="expired", url=None)
    world.emit("checkout.session.expired", session)


def _expiry(world: World, params: Json) -> int:
    wanted: int = params.get("expires_at", world.now() + DAY)
    soon, late = world.now() + 30 * 60 - 60, world.now() + DAY + 60
    need(
        soon <= wanted <= late,
        "The `expires_at` timestamp must be between 30 minutes and 24 hours.",
        None,
        "expires_at",
    )
    return wanted


def _line(world: World, given: Json) -> Json:
    price = given.get("price_data") or world.get("price", given.get("price"))
    amount = price.get("unit_amount")
    need(
        amount is not None,
        "A one-time line needs a unit_amount.",
        "parameter_missing",
        "line_items",
    )
    quantity = given.get("quantity", 1)
    name = price.get("product_data", {}).get("name") or "Item"
    line = world.schema.blank("item")
    line.update(
        id=f"li_{len(world.all('checkout.session'))}", object="item", description=name, quantity=quantity,
        currency=price["currency"], amount_subtotal=amount * quantity, amount_total=amount * quantity,
    )  # fmt: skip
    return line


def _add_up(world: World, session: Json) -> None:
    """Tax comes on top, if it is asked for."""
    subtotal = sum(one["amount_subtotal"] for one in session["_lines"])
    is_taxed = bool(session["_params"].get("automatic_tax", {}).get("enabled"))
    tax = subtotal * world.tax_bps // 10_000 if is_taxed else 0
    session["automatic_tax"] = {**session["automatic_tax"], "enabled": is_taxed}
    session["automatic_tax"]["status"] = "complete" if is_taxed else None
    session.update(
        amount_subtotal=subtotal,
        amount_total=subtotal + tax,
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": tax},
    )
