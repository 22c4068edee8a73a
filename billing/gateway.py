"""Which Stripe this site has: the real one, its double, or none."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from billing.stripe_connect import Connecting
from billing.stripe_double import place as double
from billing.stripe_facts import NoStripe
from billing.stripe_metering import Metering
from billing.stripe_paying import Paying


class Gateway(Paying, Metering, Connecting):
    """Everything that is asked of Stripe."""


class NullGateway(Gateway):
    """A site without payments: staff give credit, and whatever needs Stripe says that it is not there."""

    is_there = False

    def __init__(self) -> None:
        self.is_live = False
        self._secrets = ()

    def __getattribute__(self, name: str) -> object:
        if name == "_client":
            raise NoStripe(
                "This site takes no payments. Ask its staff for credit; nothing was charged."
            )
        return super().__getattribute__(name)


def gateway() -> Gateway:
    """The site's Stripe. Keys in the settings are all that production needs."""
    if settings.STRIPE_SECRET_KEY:
        secrets = tuple(settings.STRIPE_WEBHOOK_SECRETS)
        return _made(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, secrets)
    if settings.STRIPE_DOUBLE:
        found = double.find(settings.STRIPE_DOUBLE_DIR)
        if found is not None:
            return _made(found.key, found.address, (found.secret,))
    return NullGateway()


@lru_cache(maxsize=8)
def _made(key: str, address: str, secrets: tuple[str, ...]) -> Gateway:
    return Gateway(key, address=address, secrets=secrets)
