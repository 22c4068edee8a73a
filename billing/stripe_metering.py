"""What Stripe is asked about post-paid accounts: meters, subscriptions and invoices."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings

from billing.stripe_client import StripeDoor
from billing.stripe_facts import Invoiced, Subscribed


class Metering(StripeDoor):
    """Usage that is paid for at the end of the month."""

    # Meters, subscriptions and invoices

    def create_meter(self, event_name: str, text: str, *, key: str) -> str:
        made = self._ask(
            lambda: self._client.v1.billing.meters.create(
                {
                    "display_name": text,
                    "event_name": event_name,
                    "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {
                        "type": "by_id",
                        "event_payload_key": "stripe_customer_id",
                    },
                    "value_settings": {"event_payload_key": "value"},
                },
                {"idempotency_key": key},
            )
        )
        return made.id

    def create_price(self, meter: str, text: str, *, per_unit: Decimal, key: str) -> str:
        """A product and its metered price, in cents for one micro-unit."""
        product = self._ask(
            lambda: self._client.v1.products.create(
                {"name": text}, {"idempotency_key": f"{key}:product"}
            )
        )
        price = self._ask(
            lambda: self._client.v1.prices.create(
                {
                    "currency": settings.CURRENCY,
                    "product": product.id,
                    "unit_amount_decimal": per_unit,
                    "recurring": {"interval": "month", "usage_type": "metered", "meter": meter},
                },
                {"idempotency_key": f"{key}:price"},
            )
        )
        return price.id

    def subscribe(self, customer: str, prices: Iterable[str], *, key: str) -> Subscribed:
        """Bill by calendar months of UTC, so that no hour lies in two of them."""
        return Subscribed.of(
            self._read(
                lambda: self._client.v1.subscriptions.create(
                    {
                        "customer": customer,
                        "items": [{"price": price} for price in prices],
                        "billing_cycle_anchor_config": {
                            "day_of_month": 1,
                            "hour": 0,
                            "minute": 0,
                            "second": 0,
                        },
                        "automatic_tax": {"enabled": settings.STRIPE_TAX},
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def subscription(self, subscription_id: str) -> Subscribed:
        return Subscribed.of(
            self._read(lambda: self._client.v1.subscriptions.retrieve(subscription_id))
        )

    def end_subscription(self, subscription_id: str, *, key: str) -> None:
        """End it now, and bill what has been used."""
        self._ask(
            lambda: self._client.v1.subscriptions.cancel(
                subscription_id, {"invoice_now": True}, {"idempotency_key": key}
            )
        )

    def report_usage(
        self, event_name: str, *, customer: str, value: int, identifier: str, at: int
    ) -> None:
        self._ask(
            lambda: self._client.v1.billing.meter_events.create(
                {
                    "event_name": event_name,
                    "identifier": identifier,
                    "timestamp": at,
                    "payload": {"stripe_customer_id": customer, "value": str(value)},
                },
                {"idempotency_key": identifier},
            )
        )

    def cancel_usage(self, event_name: str, identifier: str) -> None:
        """Take a report back; possible for a day."""
        self._ask(
            lambda: self._client.v1.billing.meter_event_adjustments.create(
                {
                    "event_name": event_name,
                    "type": "cancel",
                    "cancel": {"identifier": identifier},
                },
                {"idempotency_key": f"cancel:{identifier}"},
            )
        )

    def usage_by_hour(self, meter: str, customer: str, *, start: int, end: int) -> dict[int, int]:
        """What Stripe has counted, by the second at which the hour began."""
        found = self._ask(
            lambda: self._client.v1.billing.meters.event_summaries.list(
                meter,
                {
                    "customer": customer,
                    "start_time": start,
                    "end_time": end,
                    "value_grouping_window": "hour",
                    "limit": 100,
                },
            )
        )
        return {one.start_time: int(one.aggregated_value) for one in found.auto_paging_iter()}

    def invoice(self, invoice_id: str) -> Invoiced:
        return Invoiced.of(
            self._read(
                lambda: self._client.v1.invoices.retrieve(invoice_id, {"expand": ["payments"]})
            )
        )

    def preview(self, subscription_id: str) -> Invoiced:
        """What the invoice of the present period would be."""
        return Invoiced.of(
            self._read(
                lambda: self._client.v1.invoices.create_preview({"subscription": subscription_id})
            )
        )
