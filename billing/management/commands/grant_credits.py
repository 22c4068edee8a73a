"""Give an account credit, as staff can: `manage.py grant_credits alice 5.00 --note "Welcome"`."""

from __future__ import annotations

from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import grants
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import MarketplaceError
from marketplace.lib.money import format_dollars, parse_dollars


class Command(BaseCommand):
    help = "Give an account credit. Gifts earn authors nothing; --paid is for money that has come."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("owner", help="a person's or an organization's name")
        parser.add_argument("amount", help="dollars, such as 5.00")
        parser.add_argument("--note", default="")
        parser.add_argument("--paid", action="store_true", help="paid for outside the site")
        parser.add_argument("--key", default="", help="the same key gives credit once only")

    def handle(self, *args: object, **options: str | bool) -> None:
        owner = Owner.objects.open().named(str(options["owner"])).first()
        if owner is None:
            raise CommandError(f"There is nobody called {options['owner']}.")
        console = Actor(name="console", scopes=frozenset({Scope.ADMIN}), is_staff=True)
        try:
            lot = grants.grant(
                owner,
                parse_dollars(str(options["amount"])),
                by=console,
                idem_key=str(options["key"]) or uuid4().hex,
                is_promo=not options["paid"],
                note=str(options["note"]),
            )
        except MarketplaceError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{owner} has {format_dollars(lot.original)} USD more.")
