"""What a second of running costs in an environment: as on its machine, unless staff set another rate."""

from __future__ import annotations

from django.db import transaction

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.permissions import may_administer
from marketplace.lib.money import format_credits
from runners.models import Environment


@transaction.atomic
def set_rate(environment: Environment, *, by: Actor, rate: int | None) -> Environment:
    """Ask this much a second, in microcredits, of calls admitted from now on; None: as its machine.

    Every process knows it within CALL_CACHE_SECONDS; calls in progress keep their price.
    """
    by.require(may_administer, f"the environment {environment}")
    environment.rate = rate
    environment.save(update_fields=["rate"])
    said = "as its machine" if rate is None else f"{format_credits(rate)} credits a second"
    audit.record(by, "set the rate of an environment", environment, rate=said)
    return environment
