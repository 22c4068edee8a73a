"""`manage.py seed_catalog --count 50000`: a full catalogue of made-up algorithms, and `--remove`."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.accounts.models import Owner
from marketplace.catalog import seeding

STEP = 5000


class Command(BaseCommand):
    help = (
        "Fill the catalogue with made-up algorithms that cannot be run, to see how the site does "
        "when it is full. Their owners' names begin with seeded_; --remove takes them away again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=50_000)
        parser.add_argument("--seed", type=int, default=1, help="another one, another catalogue")
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        if options["remove"]:
            self.stdout.write(f"{seeding.remove()} made-up algorithms removed.")
            return
        if Owner.objects.filter(name__startswith=seeding.PREFIX).exists():
            raise CommandError("There is a made-up catalogue already; --remove it first.")
        for made in seeding.seed(int(str(options["count"])), number=int(str(options["seed"]))):
            if made % STEP == 0 or made == options["count"]:
                self.stdout.write(f"{made} algorithms")
