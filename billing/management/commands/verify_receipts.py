"""manage.py verify_receipts FILE --public-key KEY: the verifier, where the site is installed."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from billing import receipt_verifying


class Command(BaseCommand):
    help = "Check the signatures, sums and order of receipts, with the public key alone."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("receipts")
        parser.add_argument("--public-key", required=True, help="A file, or the key in base64")

    def handle(self, *args: object, **options: object) -> None:
        del args
        asked = [str(options["receipts"]), "--public-key", str(options["public_key"])]
        if receipt_verifying.main(asked):
            raise CommandError("Not all of these receipts are good.")
