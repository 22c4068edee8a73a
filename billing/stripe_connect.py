"""What Stripe is asked about authors: their accounts, and the transfers to them."""

from __future__ import annotations

from django.conf import settings

from billing.stripe_client import StripeDoor, plain
from billing.stripe_facts import ConnectAccount, Transferred


class Connecting(StripeDoor):
    """Accounts at Stripe Connect, and what is paid to them; and the customers' portal."""

    def open_account(self, *, email: str, country: str, owner_id: str, key: str) -> ConnectAccount:
        """An Express account: Stripe asks the author who they are, and pays their bank."""
        return ConnectAccount.of(
            self._read(
                lambda: self._client.v1.accounts.create(
                    {
                        "country": country,
                        "email": email,
                        "controller": {
                            "stripe_dashboard": {"type": "express"},
                            "fees": {"payer": "application"},
                            "losses": {"payments": "application"},
                            "requirement_collection": "stripe",
                        },
                        "capabilities": {"transfers": {"requested": True}},
                        "metadata": {"owner_id": owner_id},
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def account(self, account_id: str) -> ConnectAccount:
        return ConnectAccount.of(self._read(lambda: self._client.v1.accounts.retrieve(account_id)))

    def onboarding_link(self, account_id: str, *, again: str, back: str) -> str:
        """A door that opens once, for minutes; `again` is where an old one leads to."""
        made = self._ask(
            lambda: self._client.v1.account_links.create(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "refresh_url": again,
                    "return_url": back,
                }
            )
        )
        return made.url

    def dashboard_link(self, account_id: str) -> str:
        return self._ask(lambda: self._client.v1.accounts.login_links.create(account_id)).url

    def transfer(
        self, amount: int, *, destination: str, group: str, metadata: dict[str, str], key: str
    ) -> Transferred:
        return Transferred.of(
            self._read(
                lambda: self._client.v1.transfers.create(
                    {
                        "amount": amount,
                        "currency": settings.CURRENCY,
                        "destination": destination,
                        "transfer_group": group,
                        "metadata": metadata,
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def transfer_made(self, transfer_id: str) -> Transferred:
        return Transferred.of(self._read(lambda: self._client.v1.transfers.retrieve(transfer_id)))

    def transfers_of(self, group: str) -> list[Transferred]:
        found = self._ask(
            lambda: self._client.v1.transfers.list({"transfer_group": group, "limit": 100})
        )
        return [Transferred.of(plain(one)) for one in found.auto_paging_iter()]

    def create_portal_settings(self, *, key: str) -> str:
        """Invoices, cards and tax ids; what somebody subscribes to is this site's business."""
        made = self._ask(
            lambda: self._client.v1.billing_portal.configurations.create(
                {
                    "features": {
                        "invoice_history": {"enabled": True},
                        "payment_method_update": {"enabled": True},
                        "customer_update": {
                            "enabled": True,
                            "allowed_updates": ["tax_id", "address"],
                        },
                        "subscription_cancel": {"enabled": False},
                    }
                },
                {"idempotency_key": key},
            )
        )
        return made.id

    def portal_link(self, customer: str, *, configuration: str, back: str) -> str:
        made = self._ask(
            lambda: self._client.v1.billing_portal.sessions.create(
                {"customer": customer, "configuration": configuration, "return_url": back}
            )
        )
        return made.url
