"""What Stripe is asked about customers: their cards, what they pay, what goes back to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from billing.stripe_client import StripeDoor, plain
from billing.stripe_facts import Charge, Disputed, Payment, Refunded, Session, card_label

_PAID: Final = "latest_charge.balance_transaction"


@dataclass(frozen=True)
class Basket:
    """What somebody is to pay for on a Checkout page."""

    reference: str
    text: str
    amount: int
    currency: str


class Paying(StripeDoor):
    """Customers and their money."""

    # Customers and their cards

    def create_customer(self, *, email: str, name: str, owner_id: str, key: str) -> str:
        made = self._ask(
            lambda: self._client.v1.customers.create(
                {"email": email, "name": name, "metadata": {"owner_id": owner_id}},
                {"idempotency_key": key},
            )
        )
        return made.id

    def use_card(self, customer: str, method_id: str, *, key: str) -> None:
        """Charge this card from now on when its holder is not there."""
        self._ask(
            lambda: self._client.v1.customers.update(
                customer,
                {"invoice_settings": {"default_payment_method": method_id}},
                {"idempotency_key": key},
            )
        )

    def default_card(self, customer: str) -> tuple[str, str, str]:
        """Give id, label and fingerprint of the card that is charged; empty if there is none."""
        found = self._read(
            lambda: self._client.v1.customers.retrieve(
                customer, {"expand": ["invoice_settings.default_payment_method"]}
            )
        )
        method = (found.get("invoice_settings") or {}).get("default_payment_method")
        if not isinstance(method, dict):
            return "", "", ""
        card = method.get("card") or {}
        return method["id"], card_label(card), card.get("fingerprint") or ""

    # What is paid on Stripe's page

    def open_checkout(
        self, basket: Basket, *, customer: str, back: str, cancel: str, expires_at: int
    ) -> Session:
        """A page to pay on; the card is kept for auto-recharge, tax is Stripe's to reckon."""
        told = {"topup_id": basket.reference}
        return Session.of(
            self._read(
                lambda: self._client.v1.checkout.sessions.create(
                    {
                        "mode": "payment",
                        "customer": customer,
                        "client_reference_id": basket.reference,
                        "metadata": told,
                        "line_items": [
                            {
                                "quantity": 1,
                                "price_data": {
                                    "currency": basket.currency,
                                    "unit_amount": basket.amount,
                                    "product_data": {"name": basket.text},
                                },
                            }
                        ],
                        "payment_intent_data": {
                            "metadata": told,
                            "setup_future_usage": "off_session",
                        },
                        "invoice_creation": {"enabled": True},
                        "automatic_tax": {"enabled": settings.STRIPE_TAX},
                        "tax_id_collection": {"enabled": settings.STRIPE_TAX},
                        "customer_update": {"address": "auto", "name": "auto"},
                        "success_url": back,
                        "cancel_url": cancel,
                        "expires_at": expires_at,
                    },
                    {"idempotency_key": f"topup:{basket.reference}"},
                )
            )
        )

    def open_card_page(self, *, customer: str, back: str, cancel: str, key: str) -> Session:
        """A page to leave a card on; nothing is charged."""
        return Session.of(
            self._read(
                lambda: self._client.v1.checkout.sessions.create(
                    {
                        "mode": "setup",
                        "customer": customer,
                        "currency": settings.CURRENCY,
                        "success_url": back,
                        "cancel_url": cancel,
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def session(self, session_id: str) -> Session:
        wanted = [f"payment_intent.{_PAID}", "invoice", "setup_intent"]
        return Session.of(
            self._read(
                lambda: self._client.v1.checkout.sessions.retrieve(session_id, {"expand": wanted})
            )
        )

    def expire_session(self, session_id: str, *, key: str) -> None:
        self._ask(
            lambda: self._client.v1.checkout.sessions.expire(
                session_id, None, {"idempotency_key": key}
            )
        )

    # What is charged without its holder

    def charge_card(
        self, amount: int, *, customer: str, method_id: str, metadata: dict[str, str], key: str
    ) -> Payment:
        """Charge a saved card; Declined says whether its holder has to come."""
        return Payment.of(
            self._read(
                lambda: self._client.v1.payment_intents.create(
                    {
                        "amount": amount,
                        "currency": settings.CURRENCY,
                        "customer": customer,
                        "payment_method": method_id,
                        "off_session": True,
                        "confirm": True,
                        "metadata": metadata,
                        "expand": [_PAID],
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def payment(self, payment_id: str) -> Payment:
        return Payment.of(
            self._read(
                lambda: self._client.v1.payment_intents.retrieve(payment_id, {"expand": [_PAID]})
            )
        )

    def payments_of(self, customer: str, *, since: int) -> list[Payment]:
        """The payments of a customer since then: where an answer was lost long ago."""
        found = self._ask(
            lambda: self._client.v1.payment_intents.list(
                {
                    "customer": customer,
                    "created": {"gte": since},
                    "limit": 100,
                    "expand": [f"data.{_PAID}"],
                }
            )
        )
        return [Payment.of(plain(one)) for one in found.auto_paging_iter()]

    def charge(self, charge_id: str) -> Charge:
        return Charge.of(
            self._read(
                lambda: self._client.v1.charges.retrieve(
                    charge_id, {"expand": ["balance_transaction"]}
                )
            )
        )

    # Money that goes back

    def refund(
        self, charge_id: str, amount: int, *, metadata: dict[str, str], key: str
    ) -> Refunded:
        return Refunded.of(
            self._read(
                lambda: self._client.v1.refunds.create(
                    {
                        "charge": charge_id,
                        "amount": amount,
                        "reason": "requested_by_customer",
                        "metadata": metadata,
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def refunds_of(self, charge_id: str) -> list[Refunded]:
        found = self._ask(lambda: self._client.v1.refunds.list({"charge": charge_id, "limit": 100}))
        return [Refunded.of(plain(one)) for one in found.auto_paging_iter()]

    def refund_made(self, refund_id: str) -> Refunded:
        return Refunded.of(self._read(lambda: self._client.v1.refunds.retrieve(refund_id)))

    def dispute(self, dispute_id: str) -> Disputed:
        return Disputed.of(self._read(lambda: self._client.v1.disputes.retrieve(dispute_id)))

    def answer_dispute(self, dispute_id: str, text: str, *, key: str) -> Disputed:
        """Send what speaks for us: the usage that the disputed credit paid for."""
        return Disputed.of(
            self._read(
                lambda: self._client.v1.disputes.update(
                    dispute_id,
                    {"evidence": {"uncategorized_text": text}, "submit": True},
                    {"idempotency_key": key},
                )
            )
        )
