"""What the showcase tells of environments: one of which something is announced."""

from __future__ import annotations

from datetime import date

from algorithms import environments
from marketplace.accounts.actors import Actor
from runners.models import Environment


def furnish(staff: Actor) -> dict[str, str]:
    old = Environment.objects.offered().get(slug="python311")
    why = "Python 3.11 gets no security fixes after October 2027."
    environments.announce(old, by=staff, notice=why, on=date(2027, 10, 31))
    return {"environment": old.slug}
