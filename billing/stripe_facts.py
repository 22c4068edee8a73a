"""What Stripe says, as the use cases need it: facts without Stripe's own classes, and its refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marketplace.lib.errors import MarketplaceError, Unavailable

Json = dict[str, Any]


class NoStripe(Unavailable):
    """There is no Stripe here; staff give credit."""

    code = "no_payments"


class Unreachable(Unavailable):
    """No answer came: nobody knows whether it was done. The same key may be sent again."""

    code = "payments_unreachable"


class Declined(MarketplaceError):
    """The card's bank refuses; nothing was charged."""

    status = 402
    code = "card_declined"

    def __init__(self, message: str, *, reason: str, payment_id: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.payment_id = payment_id

    @property
    def needs_holder(self) -> bool:
        return self.reason == "authentication_required"


class StripeRefused(MarketplaceError):
    """Stripe has understood and refuses; nothing was done."""

    status = 502
    code = "payments_refused"

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Movement:
    """One balance transaction; amounts in cents."""

    id: str
    source: str
    category: str
    amount: int
    fee: int
    net: int
    currency: str
    created: int

    @classmethod
    def of(cls, one: Json) -> Movement:
        source = _id(one["source"]) or one["id"]
        return cls(
            one["id"], source, one["reporting_category"], one["amount"], one["fee"], one["net"],
            one["currency"], one["created"],
        )  # fmt: skip


@dataclass(frozen=True)
class Charge:
    id: str
    amount: int
    amount_refunded: int
    currency: str
    payment_id: str
    movement: Movement | None
    card_label: str
    fingerprint: str

    @classmethod
    def of(cls, one: Json) -> Charge:
        moved = one["balance_transaction"]
        card = ((one["payment_method_details"] or {}).get("card")) or {}
        return cls(
            one["id"], one["amount"], one["amount_refunded"], one["currency"], _id(one["payment_intent"]),
            Movement.of(moved) if isinstance(moved, dict) else None,
            card_label(card), card.get("fingerprint") or "",
        )  # fmt: skip


@dataclass(frozen=True)
class Payment:
    """A payment intent."""

    id: str
    status: str
    amount: int
    customer: str
    method_id: str
    charge: Charge | None
    metadata: dict[str, str]
    refusal: str

    @classmethod
    def of(cls, one: Json) -> Payment:
        charge = one["latest_charge"]
        return cls(
            one["id"], one["status"], one["amount"], _id(one["customer"]), _id(one["payment_method"]),
            Charge.of(charge) if isinstance(charge, dict) else None, dict(one["metadata"] or {}),
            (one["last_payment_error"] or {}).get("message") or "",
        )  # fmt: skip


@dataclass(frozen=True)
class Session:
    """A Checkout page, and what came of it."""

    id: str
    url: str
    mode: str
    status: str
    payment_status: str
    total: int
    tax: int
    currency: str
    customer: str
    reference: str
    payment: Payment | None
    method_id: str
    invoice_id: str
    invoice_url: str

    @property
    def is_paid(self) -> bool:
        return self.payment_status == "paid"

    @classmethod
    def of(cls, one: Json) -> Session:
        payment, setup, invoice = one["payment_intent"], one["setup_intent"], one["invoice"]
        paid = Payment.of(payment) if isinstance(payment, dict) else None
        method = _id(setup["payment_method"]) if isinstance(setup, dict) else ""
        return cls(
            one["id"], one["url"] or "", one["mode"], one["status"] or "", one["payment_status"],
            one["amount_total"] or 0, (one["total_details"] or {}).get("amount_tax") or 0,
            one["currency"] or "", _id(one["customer"]), one["client_reference_id"] or "", paid,
            method or (paid.method_id if paid else ""), _id(invoice),
            invoice["hosted_invoice_url"] or "" if isinstance(invoice, dict) else "",
        )  # fmt: skip


@dataclass(frozen=True)
class Refunded:
    id: str
    status: str
    amount: int
    charge_id: str
    metadata: dict[str, str]

    @classmethod
    def of(cls, one: Json) -> Refunded:
        return cls(
            one["id"],
            one["status"] or "",
            one["amount"],
            _id(one["charge"]),
            dict(one["metadata"] or {}),
        )


@dataclass(frozen=True)
class Disputed:
    """A dispute; `withdrawn` and `fees` are what has left the balance for it, in cents."""

    id: str
    charge_id: str
    amount: int
    status: str
    reason: str
    withdrawn: int
    fees: int

    @property
    def is_decided(self) -> bool:
        return self.status in ("won", "lost", "warning_closed", "prevented")

    @property
    def is_won(self) -> bool:
        return self.is_decided and self.status != "lost"

    @classmethod
    def of(cls, one: Json) -> Disputed:
        moved = one["balance_transactions"]
        return cls(
            one["id"], _id(one["charge"]), one["amount"], one["status"], one["reason"],
            -sum(part["amount"] for part in moved), sum(part["fee"] for part in moved),
        )  # fmt: skip


@dataclass(frozen=True)
class Subscribed:
    id: str
    status: str
    period_end: datetime

    @classmethod
    def of(cls, one: Json) -> Subscribed:
        return cls(one["id"], one["status"], at(one["items"]["data"][0]["current_period_end"]))


@dataclass(frozen=True)
class Invoiced:
    id: str
    customer: str
    subscription_id: str
    status: str
    number: str
    total: int
    tax: int
    url: str
    attempts: int
    period_start: datetime
    period_end: datetime
    created: datetime
    paid_at: datetime | None
    payment_ids: tuple[str, ...]

    @classmethod
    def of(cls, one: Json) -> Invoiced:
        about = (one["parent"] or {}).get("subscription_details") or {}
        paid = one["status_transitions"]["paid_at"]
        payments = ((one.get("payments") or {}).get("data")) or []
        return cls(
            one["id"], _id(one["customer"]), _id(about.get("subscription")), one["status"] or "",
            one["number"] or "", one["total"], sum(part["amount"] for part in one["total_taxes"] or ()),
            one["hosted_invoice_url"] or "", one["attempt_count"], at(one["period_start"]),
            at(one["period_end"]), at(one["created"]), at(paid) if paid else None,
            tuple(_id(part["payment"]["payment_intent"]) for part in payments if part["status"] == "paid"),
        )  # fmt: skip


@dataclass(frozen=True)
class ConnectAccount:
    id: str
    country: str
    is_ready: bool
    is_submitted: bool
    wants: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, one: Json) -> ConnectAccount:
        is_able = ((one["capabilities"] or {}).get("transfers")) == "active"
        wants = (one["requirements"] or {}).get("currently_due") or []
        return cls(
            one["id"], one["country"] or "", is_able, bool(one["details_submitted"]), list(wants)
        )


@dataclass(frozen=True)
class Transferred:
    """A transfer; `reversals` are the ids and amounts of what was taken back."""

    id: str
    amount: int
    destination: str
    metadata: dict[str, str]
    reversals: tuple[tuple[str, int], ...]

    @property
    def reversed(self) -> int:
        return sum(amount for _, amount in self.reversals)

    @classmethod
    def of(cls, one: Json) -> Transferred:
        return cls(
            one["id"],
            one["amount"],
            _id(one["destination"]),
            dict(one["metadata"]),
            tuple((back["id"], back["amount"]) for back in one["reversals"]["data"]),
        )


@dataclass(frozen=True)
class BankPayout:
    """Money on its way from Stripe to the operator's bank."""

    id: str
    amount: int
    status: str

    @property
    def has_left(self) -> bool:
        return self.status in ("paid", "in_transit", "pending")

    @property
    def has_failed(self) -> bool:
        return self.status in ("failed", "canceled")

    @classmethod
    def of(cls, one: Json) -> BankPayout:
        return cls(one["id"], one["amount"], one["status"])


@dataclass(frozen=True)
class Told:
    """An event: which object it is about. What it says of it may be old."""

    id: str
    type: str
    object_id: str
    api_version: str
    is_live: bool
    happened_at: datetime
    payload: Json

    @classmethod
    def of(cls, one: Json) -> Told:
        if one["object"] == "v2.core.event":
            about, moment = one.get("related_object") or {}, datetime.fromisoformat(one["created"])
        else:
            about, moment = one["data"]["object"], at(one["created"])
        return cls(
            one["id"], one["type"], str(about.get("id") or ""), one.get("api_version") or "",
            bool(one["livemode"]), moment, one,
        )  # fmt: skip


def card_label(card: Json) -> str:
    """`Visa •••• 4242`."""
    return f"{str(card['brand']).title()} •••• {card['last4']}" if card.get("last4") else ""


def at(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _id(one: object) -> str:
    """An id, or that of the object it has been expanded to."""
    if isinstance(one, dict):
        return str(one["id"])
    return str(one) if one else ""
