from __future__ import annotations

from django.core.management.base import BaseCommand

from runners import environments_sync, host


class Command(BaseCommand):
    help = "Offer the interpreters of this machine to authors, and withdraw those that are gone."

    def handle(self, *args: object, **options: object) -> None:
        for environment in environments_sync.sync(host.backend):
            if environment.is_present:
                self.stdout.write(f"{environment.slug}: {environment.description}")
