"""The one door to Stripe: everything asked of it, with our keys, our patience and our words.

Amounts are cents. Whatever changes something takes an idempotency key that names the fact, so
that a request whose answer was lost can be sent again. `Unreachable` means that nobody knows
whether it was done; `Declined` and `StripeRefused` that it was not.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import stripe
from django.conf import settings

from billing.stripe_facts import (
    BankPayout,
    Declined,
    Json,
    Movement,
    StripeRefused,
    Told,
    Unreachable,
)
from marketplace.lib.errors import BadInput, Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
TIMEOUT_SECONDS: Final = 10
RETRIES: Final = 2
PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
"""After "too many requests", which the package itself does not send again."""

SNAPSHOTS: Final = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired",
    "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.requires_action",
    "charge.updated",
    "charge.refunded", "refund.created", "refund.updated", "refund.failed",
    "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
    "charge.dispute.closed", "customer.subscription.updated", "customer.subscription.deleted",
    "invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_failed",
    "invoice.marked_uncollectible", "invoice.voided", "account.updated",
    "account.application.deauthorized", "transfer.created", "transfer.reversed", "payout.paid",
    "payout.failed", "payout.reconciliation_completed", "setup_intent.succeeded",
    "payment_method.attached", "payment_method.detached", "customer.updated",
)  # fmt: skip
THIN: Final = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")

stripe.enable_telemetry = False
stripe.set_app_info(
    "Agorithm", url=settings.SITE_URL
)  # what Stripe's support sees; nothing about people


class StripeDoor:
    """A client of Stripe, or of its double: the address is all that differs."""

    is_there = True

    def __init__(self, key: str, *, address: str = "", secrets: Iterable[str] = ()) -> None:
        everywhere: Any = dict.fromkeys(("api", "files", "connect", "meter_events"), address)
        self._client = stripe.StripeClient(
            key,
            base_addresses=everywhere if address else None,
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )
        self.is_live = "_live_" in key
        self._secrets = tuple(secrets)

    # What has happened

    def read_webhook(self, payload: bytes, signature: str) -> Told:
        """What a webhook tells, if Stripe has signed it within the last five minutes."""
        for secret in self._secrets:
            try:
                stripe.WebhookSignature.verify_header(
                    payload.decode(), signature, secret, stripe.Webhook.DEFAULT_TOLERANCE
                )
            except (stripe.SignatureVerificationError, UnicodeDecodeError):
                continue
            return Told.of(json.loads(payload))
        raise BadInput("This was not signed by Stripe with a secret of this site, or too long ago.")

    def event(self, event_id: str) -> Told:
        """A thin event with its data, which the webhook leaves out."""
        return Told.of(self._read(lambda: self._client.v2.core.events.retrieve(event_id)))

    def events(self, *, since: int, only_undelivered: bool = False) -> list[Told]:
        """What Stripe has told, or tried to, of what we listen to. It keeps thirty days."""
        only: Any = {"delivery_success": False} if only_undelivered else {}
        wanted: Any = {"created": {"gte": since}, "limit": 100, **only}
        found = self._ask(lambda: self._client.v1.events.list(wanted))
        everything = [Told.of(plain(one)) for one in found.auto_paging_iter()]
        return [one for one in everything if one.type in SNAPSHOTS]

    def movements(self, *, since: int) -> list[Movement]:
        """Every balance transaction since then."""
        found = self._ask(
            lambda: self._client.v1.balance_transactions.list(
                {"created": {"gte": since}, "limit": 100}
            )
        )
        return [Movement.of(plain(one)) for one in found.auto_paging_iter()]

    def balance(self, currency: str) -> tuple[int, int]:
        """Give what is available and what is still pending."""
        found = self._read(self._client.v1.balance.retrieve)
        sums = [
            sum(one["amount"] for one in found[name] if one["currency"] == currency)
            for name in ("available", "pending")
        ]
        return sums[0], sums[1]

    def bank_payout(self, payout_id: str) -> BankPayout:
        return BankPayout.of(self._read(lambda: self._client.v1.payouts.retrieve(payout_id)))

    # What is set up once

    def create_webhooks(self, url: str) -> list[str]:
        """Have Stripe tell us everything we need; give the secrets, which it never says again."""
        snapshots = self._ask(
            lambda: self._client.v1.webhook_endpoints.create(
                {
                    "url": url,
                    "enabled_events": list(SNAPSHOTS),
                    "api_version": stripe.api_version,  # type: ignore[typeddict-item]  # any version's name
                },
                {"idempotency_key": f"webhooks:{url}:{stripe.api_version}"},
            )
        )
        thin = self._read(
            lambda: self._client.v2.core.event_destinations.create(
                {
                    "name": "Agorithm meter errors",
                    "type": "webhook_endpoint",
                    "event_payload": "thin",
                    "enabled_events": list(THIN),
                    "webhook_endpoint": {"url": url},
                    "include": ["webhook_endpoint.signing_secret"],
                },
                {"idempotency_key": f"thin:{url}:{stripe.api_version}"},
            )
        )
        secret = (thin.get("webhook_endpoint") or {}).get("signing_secret")
        return [one for one in (snapshots.secret, secret) if one]

    def _read(self, ask: Callable[[], object]) -> Json:
        """Ask, and give the answer as plain data."""
        return plain(self._ask(ask))

    def _ask(self, ask: Callable[[], T]) -> T:
        """Ask, with patience where there are too many requests, and in our words where it fails."""
        for pause in (*PAUSES, None):
            try:
                return ask()
            except stripe.RateLimitError as error:
                if pause is None:
                    raise Unreachable(_BUSY) from error
                time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads, hides nothing
            except stripe.CardError as error:
                raise _declined(error) from error
            except (stripe.AuthenticationError, stripe.PermissionError) as error:
                log.exception("Stripe does not accept this site's key")
                raise Unavailable(_MISCONFIGURED) from error
            except stripe.InvalidRequestError as error:
                raise StripeRefused(
                    f"Stripe refused this: {error.user_message or error}. Nothing was charged.",
                    reason=error.code or type(error).__name__,
                ) from error
            except stripe.StripeError as error:  # also a key that was used for something else
                raise Unreachable(_NO_ANSWER) from error
        raise Unreachable(_BUSY)


_BUSY: Final = "Stripe has too many requests just now. Try again in a minute."
_NO_ANSWER: Final = (
    "Stripe gave no answer. If money has moved, it will show here within minutes; nothing is "
    "charged twice."
)
_MISCONFIGURED: Final = (
    "This site's payments are not set up correctly; its operator has to look at it. "
    "Nothing was charged."
)


def _declined(error: stripe.CardError) -> Declined:
    told: Any = error.json_body or {}
    about = told.get("error", {})
    payment = about.get("payment_intent") or {}
    return Declined(
        f"{error.user_message or 'The card was declined.'} Nothing was charged.",
        reason=error.code or "card_declined",
        payment_id=payment.get("id", ""),
    )


def plain(one: object) -> Json:
    """Stripe's objects as dictionaries, at any depth."""
    made: Json = one.to_dict() if isinstance(one, stripe.StripeObject) else {}
    return made
