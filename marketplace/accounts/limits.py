"""How much an account may use at the same time: its own limit, the site's, or the environment's.

Calls ask without the database: what staff have set is held in memory and read again by whoever
comes by in a thread that may (`refresh`), a few seconds later at the latest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _

from marketplace.accounts import audit, site_settings
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, OwnerLimits, SiteSettings
from marketplace.accounts.permissions import may_administer
from marketplace.lib.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """What an owner may use; None where the next wider rule holds."""

    calls_at_once: int | None = None
    storage_bytes: int | None = None
    builds_at_once: int | None = None


@dataclass
class _Known:
    """What this process knows of the rows, and until when."""

    until: float = 0.0
    site: Limits = field(default_factory=Limits)
    calls: dict[str, int] = field(default_factory=dict)


_known = _Known()


def calls_at_once(payer: str) -> int:
    """For a payer as calls name them: an owner's id in hexadecimal digits, or a visitor."""
    own = _known.calls.get(payer)
    if own is not None:
        return own
    if _known.site.calls_at_once is not None:
        return _known.site.calls_at_once
    return int(settings.CALLS_PER_ACCOUNT)


def storage_bytes(owner_id: UUID) -> int:
    return _asked(owner_id, "storage_bytes", settings.OWNER_QUOTA_BYTES)


def builds_at_once(owner_id: UUID) -> int:
    return _asked(owner_id, "builds_at_once", settings.BUILDS_PER_ACCOUNT)


def refresh() -> None:
    """Read the limits of calls again if that was not done a moment ago; asks the database."""
    if _known.until > time.monotonic():
        return
    of_site = site_settings.current()
    own = OwnerLimits.objects.exclude(calls_at_once=None)
    _known.calls = {pk.hex: most for pk, most in own.values_list("owner_id", "calls_at_once")}  # type: ignore[misc]
    _known.site = Limits(calls_at_once=of_site.calls_at_once)
    _known.until = time.monotonic() + settings.CALL_CACHE_SECONDS


@transaction.atomic
def set_for(owner: Owner, *, by: Actor, limits: Limits, note: str = "") -> OwnerLimits:
    """Give one owner limits of their own; those left empty are as everybody's."""
    by.require(may_administer, f"the limits of {owner}")
    values = vars(limits)
    if any(value is not None and value < 0 for value in values.values()):
        raise BadInput(_("A limit is a whole number, zero or more; leave it empty to have none."))
    row, _is_new = OwnerLimits.objects.update_or_create(
        owner=owner, defaults={**values, "note": note[:200]}
    )
    told = {name: "" if value is None else str(value) for name, value in values.items()}
    audit.record(by, "set limits", owner, note=note[:200], **told)
    return row


def _asked(owner_id: UUID, name: str, default: int) -> int:
    row = OwnerLimits.objects.filter(owner_id=owner_id).values_list(name, flat=True).first()
    if row is not None:
        return int(row)
    of_site: int | None = getattr(site_settings.current(), name)
    return default if of_site is None else of_site


def forget(**_: object) -> None:
    """Read them again at the next occasion: staff have changed something in this process."""
    _known.until = 0.0


for _model in (OwnerLimits, SiteSettings):
    post_save.connect(forget, sender=_model, weak=False)
    post_delete.connect(forget, sender=_model, weak=False)
