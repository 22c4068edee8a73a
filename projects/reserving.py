"""Reservations: an owner has sandboxes of a version kept warm for their own calls, and pays for it.

The row is the truth. A runner takes it (warming.py), says with a heartbeat that it has it, and
gives the sandboxes up when the row has ended.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from celery import current_app, shared_task
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms import charging, resolving
from algorithms.models import Algorithm, Build
from algorithms.resolving import Target
from billing import kept_time
from billing.kept_time import Kept
from marketplace.accounts import actors, audit
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import BadInput, Conflict, NotFound, TooMany
from projects import telling
from projects.models import Reservation
from projects.permissions import may_end_reservation, may_reserve_for
from runners import machines

logger = logging.getLogger(__name__)

LOST_AFTER: Final = timedelta(seconds=20)
CREDIT_FOR_MS: Final = 10 * 60 * 1000
"""The payer must be able to pay for so much waiting of each sandbox when they reserve them."""

VersionType = Reservation.VersionType
_AS_CALLED: Final = {
    VersionType.LATEST_PUBLIC: "latest",
    VersionType.LATEST_PRIVATE: "latestPrivate",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be kept warm."""

    path: str  # owner/name
    version_type: str = VersionType.LATEST_PUBLIC
    identifier: str = ""
    slots: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    """What a reservation would keep, and for how much."""

    wanted: Wanted
    algorithm: Algorithm
    target: Target
    kept: Kept

    @property
    def an_hour(self) -> int:
        """Of waiting, for all its sandboxes, in micro-units."""
        return kept_time.cost(self.kept.rate, 3_600_000) * self.wanted.slots


def quote(wanted: Wanted, *, payer: Owner, by: Actor) -> Quote:
    """What it would keep and what that costs; raise if it cannot be kept for this payer."""
    by.require(may_reserve_for, payer)
    wanted = _checked(wanted)
    owner, _slash, name = wanted.path.partition("/")
    if not by.has(Scope.ADMIN):
        resolving.find(owner, name or "-", by=by)
    caller = caller_of(payer)
    algorithm = resolving.find(owner, name or "-", by=caller)
    address = address_of(algorithm, wanted.version_type, wanted.identifier)
    target = resolving.resolve(algorithm.owner.name, algorithm.name, address, by=caller)
    if by.patterns is not None:  # a key that may call only some may not spend on others
        resolving.resolve(algorithm.owner.name, algorithm.name, address, by=by)
    member_id = payer.user_id if payer.user_id is not None else by.user_id
    return Quote(wanted, algorithm, target, kept_of(target, payer.pk, member_id))


def reserve(wanted: Wanted, *, payer: Owner, by: Actor) -> Reservation:
    """Have sandboxes kept warm for the payer's calls from now on, at the payer's expense."""
    by.require(may_reserve_for, payer)
    asked = quote(wanted, payer=payer, by=by)
    wanted, target = asked.wanted, asked.target
    kept_time.check(asked.kept, CREDIT_FOR_MS * wanted.slots)
    try:
        with transaction.atomic():
            Owner.objects.select_for_update().get(pk=payer.pk)
            _check_quota(payer, wanted.slots)
            made = Reservation.objects.create(
                owner=payer,
                algorithm=asked.algorithm,
                version_type=wanted.version_type,
                version_identifier=wanted.identifier,
                num_slots=wanted.slots,
                created_by_id=by.user_id,
                member_id=asked.kept.member_id,
                rate=asked.kept.rate,
                label=target.label,
                commit=commit_of(target),
            )
            audit.record(by, "reserved sandboxes", made, payer=payer.name, slots=str(wanted.slots))
            transaction.on_commit(partial(_queue, made.pk, target.spec.machine))
    except IntegrityError:
        raise Conflict(
            _("%(owner)s has reserved this already; end that reservation first.") % {"owner": payer}
        ) from None
    if not by.speaks_for(payer.pk):
        telling.reserved_by_staff(made)
    resolving.forget_all()
    return made


def release(reservation: Reservation, *, by: Actor) -> None:
    """Keep them no longer; what they waited until now is billed by their runner."""
    by.require(may_end_reservation, reservation)
    if not end(reservation, f"{by.name} ended it."):
        raise Conflict(_("This reservation has ended already."))
    audit.record(by, "ended a reservation", reservation, payer=reservation.owner.name)
    reservation.refresh_from_db()


def found(reservation_id: UUID, *, by: Actor) -> Reservation:
    """The reservation with that id; NotFound to those who may not end it."""
    rows = Reservation.objects.select_related("owner__organization", "algorithm__owner")
    one = rows.live().filter(pk=reservation_id).first()
    if one is None or not may_end_reservation(by, one):
        raise NotFound(_("There is no such reservation."))
    return one


def end(reservation: Reservation, reason: str) -> bool:
    """Write its end, once; give whether this was it."""
    ended = Reservation.objects.live().filter(pk=reservation.pk)
    values = {"ended_at": timezone.now(), "reason": reason, "ready": 0, "note": ""}
    return bool(ended.update(**values))


@shared_task(name="projects.reserving.recover", acks_late=True)
def recover() -> None:
    """Have another runner take what nobody looks after."""
    lost = timezone.now() - LOST_AFTER
    again = {"heartbeat_at": None, "runner": "", "ready": 0}
    Reservation.objects.live().filter(heartbeat_at__lt=lost).update(**again)
    waiting = Reservation.objects.live().filter(heartbeat_at=None)
    for one in waiting.select_related("algorithm__environment"):
        _queue(one.pk, one.algorithm.environment.machine)


# What is kept, and for whom


def caller_of(payer: Owner) -> Actor:
    """The payer as who calls: what only they may call may be kept, what only others may, not.

    Code that is loaded before there is a call may read the payer's data, as in their calls, and
    change none of it.
    """
    allowed = frozenset({Scope.CALL, Scope.DATA_READ})
    if payer.user is not None:
        return replace(actors.of_session(payer.user), scopes=allowed)
    if payer.is_suspended:
        return ANONYMOUS
    mine = frozenset({payer.pk})
    return Actor(owner_id=payer.pk, name=payer.name, owner_ids=mine, scopes=allowed)


def address_of(algorithm: Algorithm, version_type: str, identifier: str) -> str:
    """How a call names what is kept: the version in its address."""
    if version_type in Reservation.NAMED:
        return identifier
    if version_type != VersionType.LATEST_COMPILED:
        return _AS_CALLED[VersionType(version_type)]
    newest: Build | None = algorithm.builds.succeeded().first()
    if newest is None:
        raise NotFound(_("%(algorithm)s has no successful build.") % {"algorithm": algorithm})
    return newest.commit


def kept_of(target: Target, payer_id: UUID, member_id: int | None) -> Kept:
    """What the payer pays for."""
    return Kept(
        owner_id=payer_id,
        member_id=member_id,
        algorithm_id=target.algorithm_id,
        version_id=target.version_id,
        path=target.path,
        version=target.label,
        digest=target.digest,
        tag="reservation",
        rate=charging.rate_of(target.rate, is_gpu=target.spec.gpu),
    )


def commit_of(target: Target) -> str:
    return Build.objects.values_list("commit", flat=True).get(pk=target.build_id)


def runner_for(target: Target, caller: Actor) -> str:
    """Where sandboxes wait for this caller's calls of the algorithm."""
    if caller.owner_id is None:
        return ""
    rows = Reservation.objects.live().filter(owner=caller.owner_id, algorithm=target.algorithm_id)
    return rows.filter(ready__gt=0).values_list("runner", flat=True).first() or ""


def _checked(wanted: Wanted) -> Wanted:
    kind = wanted.version_type.strip().lower().replace(" ", "_").replace("-", "_")
    if kind not in VersionType.values:
        raise BadInput(
            _("version_type is one of %(types)s.") % {"types": ", ".join(VersionType.values)}
        )
    identifier = wanted.identifier.strip()
    is_named = kind in Reservation.NAMED
    if is_named != bool(identifier) or len(identifier) > 40 or "\0" in identifier:
        raise BadInput(
            _("Write the version or the commit, 40 digits, for one of those; nothing otherwise.")
        )
    if (kind == VersionType.HASH) != (len(identifier) == 40):
        raise BadInput(_("A hash is the 40 digits of a commit, a version is like 1.2.3."))
    if wanted.slots < 1:
        raise BadInput(_("Reserve at least one sandbox."))
    if wanted.slots > settings.RESERVED_SLOTS_PER_ACCOUNT:
        raise _too_many()
    return replace(wanted, version_type=kind, identifier=identifier)


def _check_quota(payer: Owner, more: int) -> None:
    rows = Reservation.objects.live().filter(owner=payer.pk)
    has = rows.aggregate(total=Sum("num_slots"))["total"] or 0
    if has + more > settings.RESERVED_SLOTS_PER_ACCOUNT:
        raise _too_many()


def _too_many() -> TooMany:
    most = settings.RESERVED_SLOTS_PER_ACCOUNT
    sentence = _("An account may reserve %(most)s sandboxes in all. Nothing was charged.")
    return TooMany(sentence % {"most": most}, retry_after=60)


def _queue(reservation_id: UUID, machine: str) -> None:
    try:
        current_app.send_task(
            "projects.warming.keep_warm",
            args=[str(reservation_id)],
            queue=machines.queue("call", machine),
        )
    except Exception:
        logger.exception("Reservation %s could not be queued; the timetable will", reservation_id)
