"""`manage.py set_up_stripe`: make at Stripe what a site needs once, and print the webhooks' secrets."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from billing import postpaid
from billing.gateway import gateway
from billing.models import MeterExport
from marketplace.lib.errors import MarketplaceError


class Command(BaseCommand):
    help = "Make webhooks and meters at Stripe for the key in STRIPE_SECRET_KEY; may be repeated."

    def handle(self, *args: object, **options: object) -> None:
        stripe = gateway()
        url = f"{settings.SITE_URL}{reverse('billing:stripe_webhook')}"
        try:
            secrets = stripe.create_webhooks(url)
            for meter in MeterExport.Meter:
                postpaid.meter_id(meter)
        except MarketplaceError as error:
            raise CommandError(error.message) from error
        mode = "live" if stripe.is_live else "test"
        self.stdout.write(
            f"Stripe ({mode} mode) tells {url} from now on. Put this into the settings:"
        )
        self.stdout.write(f"STRIPE_WEBHOOK_SECRETS={','.join(secrets)}")
