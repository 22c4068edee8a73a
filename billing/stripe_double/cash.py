"""What this Stripe holds for the site: every movement is a balance transaction, nothing else counts."""

from __future__ import annotations

from billing.stripe_double.operations import answers, listed
from billing.stripe_double.refusals import Refusal, invalid, need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World, on_tick

DISPUTE_FEE = 1500
_TYPES = {
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
    "transfer_reversal": "transfer_refund",
}
_LOST_OR_WON = ("won", "lost", "warning_closed", "prevented")


def charge_fee(amount: int) -> int:
    """2.9 % and 30 cents, as cards cost in the United States."""
    return round(amount * 0.029) + 30


def book(world: World, category: str, source: Json, amount: int, *, fee: int = 0) -> Json:
    """Move money in or out of the balance; what comes in by card may have to mature first."""
    wait = world.available_after if category == "charge" else 0
    currency = source["currency"]
    told = {"amount": fee, "application": None, "currency": currency}
    return world.make(
        "balance_transaction",
        amount=amount,
        fee=fee,
        fee_details=[{**told, "description": "Fees", "type": "stripe_fee"}] if fee else [],
        net=amount - fee,
        currency=currency,
        type=_TYPES.get(category, category),
        reporting_category=category,
        balance_type="payments",
        source=source["id"],
        available_on=world.now() + wait,
        status="pending" if wait else "available",
    )


def available(world: World, currency: str) -> int:
    return sum(
        one["net"]
        for one in world.all("balance_transaction")
        if one["currency"] == currency and one["status"] == "available"
    )


@on_tick
def let_money_arrive(world: World) -> None:
    for one in world.all("balance_transaction"):
        if one["status"] == "pending" and one["available_on"] <= world.now():
            one["status"] = "available"


@answers("get /v1/balance")
def balance(world: World, _params: Json) -> Json:
    """Sum the transactions by currency, and by whether they have arrived."""
    found = world.schema.blank("balance")
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for one in world.all("balance_transaction"):
        by_currency = sums[one["status"]]
        by_currency[one["currency"]] = by_currency.get(one["currency"], 0) + one["net"]
    for status, by_currency in sums.items():
        found[status] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in (by_currency or {"usd": 0}).items()
        ]
    return found


@answers("post /v1/refunds")
def refund(world: World, params: Json) -> Json:
    """Give money of one charge back, from the balance."""
    charge = _charge_to_refund(world, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    need(
        not charge["disputed"],
        "The charge has been charged back and cannot be refunded.",
        "charge_disputed",
    )
    if not 0 < amount <= left:
        code = "charge_already_refunded" if left == 0 else None
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            code,
            "amount",
        )
    made = world.make(
        "refund",
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        status="succeeded",
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        metadata=params.get("metadata", {}),
    )
    moved = book(world, "refund", made, -amount)
    made["balance_transaction"] = moved["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.emit("refund.created", made)
    world.emit("charge.refunded", charge)
    return made


def fail_refund(world: World, refund_id: str) -> Json:
    """The bank takes it back: the money returns to the balance."""
    made = world.get("refund", refund_id)
    made.update(status="failed", failure_reason="lost_or_stolen_card")
    moved = book(world, "refund_failure", made, made["amount"])
    made["failure_balance_transaction"] = moved["id"]
    charge = world.get("charge", made["charge"])
    charge["amount_refunded"] -= made["amount"]
    charge["refunded"] = False
    world.emit("refund.failed", made)
    return made


def open_dispute(world: World, charge_id: str, *, reason: str = "fraudulent") -> Json:
    """The cardholder's bank takes the money back until it is decided who is right."""
    charge = world.get("charge", charge_id)
    need(not charge["disputed"], "This charge is disputed already.")
    charge["disputed"] = True
    made = world.make(
        "dispute",
        amount=charge["amount"],
        charge=charge_id,
        payment_intent=charge["payment_intent"],
        currency=charge["currency"],
        reason=reason,
        status="needs_response",
        is_charge_refundable=False,
    )
    made["evidence_details"]["due_by"] = world.now() + 7 * 86_400
    moved = book(world, "dispute", made, -made["amount"], fee=DISPUTE_FEE)
    made["balance_transactions"] = [moved]
    world.emit("charge.dispute.created", made)
    world.emit("charge.dispute.funds_withdrawn", made)
    return made


def close_dispute(world: World, dispute_id: str, *, is_won: bool) -> Json:
    made = world.get("dispute", dispute_id)
    need(made["status"] not in _LOST_OR_WON, "This dispute is already closed.")
    made["status"] = "won" if is_won else "lost"
    if is_won:
        moved = book(world, "dispute_reversal", made, made["amount"])
        made["balance_transactions"] = [*made["balance_transactions"], moved]
        world.emit("charge.dispute.funds_reinstated", made)
    world.emit("charge.dispute.closed", made)
    return made


@answers("post /v1/disputes/{dispute}")
def answer_dispute(world: World, params: Json, id_: str) -> Json:
    made = world.get("dispute", id_)
    need(made["status"] not in _LOST_OR_WON, "This dispute is already closed.")
    made["evidence"] = {**made["evidence"], **params.get("evidence", {})}
    made["metadata"] = {**made["metadata"], **params.get("metadata", {})}
    made["evidence_details"]["has_evidence"] = bool(params.get("evidence"))
    if params.get("submit", True):
        made["status"] = "under_review"
        made["evidence_details"]["submission_count"] += 1
    world.emit("charge.dispute.updated", made)
    return made


@answers("post /v1/disputes/{dispute}/close")
def accept_dispute(world: World, _params: Json, id_: str) -> Json:
    return close_dispute(world, id_, is_won=False)


def pay_out(world: World, amount: int, *, currency: str = "usd") -> Json:
    """Send money of the site to its bank account, as the automatic schedule does."""
    need(
        amount <= available(world, currency), "You have insufficient funds.", "balance_insufficient"
    )
    made = world.make(
        "payout",
        amount=amount,
        currency=currency,
        status="paid",
        automatic=True,
        arrival_date=world.now(),
        method="standard",
        type="bank_account",
        source_type="card",
        reconciliation_status="completed",
    )
    moved = book(world, "payout", made, -amount)
    made["balance_transaction"] = moved["id"]
    world.emit("payout.paid", made)
    world.emit("payout.reconciliation_completed", made)
    return made


@answers("get /v1/events")
def events(world: World, params: Json) -> Json:
    """Thirty days of events, also by whether they have arrived."""
    if "type" in params:
        params["types"] = [params.pop("type")]
    wanted = params.pop("delivery_success", None)
    month = world.now() - 30 * 86_400
    ones = [one for one in world.all("event") if one["created"] >= month]
    return listed(
        [one for one in ones if wanted in (None, one["_delivered"])], params, "/v1/events"
    )


def _charge_to_refund(world: World, params: Json) -> Json:
    if "charge" in params:
        return world.get("charge", params["charge"])
    need(
        "payment_intent" in params,
        "One of the following params should be provided: charge, payment_intent.",
    )
    intent = world.get("payment_intent", params["payment_intent"])
    if intent["latest_charge"] is None:
        raise Refusal(
            400,
            "invalid_request_error",
            "This PaymentIntent does not have a successful charge to refund.",
        )
    return world.get("charge", intent["latest_charge"])
