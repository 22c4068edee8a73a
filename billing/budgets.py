"""Budgets: set, change, end and read what an owner allows to be spent, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger
from billing.models import Budget, Limit, SpendStop
from billing.models.accounts import MOST
from billing.permissions import may_see_budgets, may_set_budgets, may_stop_spending
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.lib.errors import BadInput, Conflict, NotFound
from marketplace.lib.money import format_dollars

MOST_BUDGETS: Final = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """What a budget bounds: everything, or one key, person or algorithm."""

    scope: Budget.Scope = Budget.Scope.ACCOUNT
    key_id: UUID | None = None
    username: str = ""
    algorithm_id: UUID | None = None
    algorithm_path: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget and how far its present window is used; micro-units."""

    budget: Budget
    spent: int
    held: int
    left: int
    resets_at: datetime | None


@transaction.atomic
def create(owner: Owner, *, by: Actor, subject: Subject, period: str, amount: int) -> Budget:
    """Bound what may be spent from now on; what the window has seen before does not count.

    Every process knows it within CALL_CACHE_SECONDS.
    """
    by.require(may_set_budgets, owner)
    if period not in Budget.Period.values:
        raise BadInput(
            _("The period of a budget is %(join)s.") % {"join": ", ".join(Budget.Period.values)}
        )
    if owner.budgets.in_force().count() >= MOST_BUDGETS:
        raise Conflict(
            _("%(owner)s has %(most_budgets)s budgets; end one that is not needed any more.")
            % {"owner": owner, "most_budgets": MOST_BUDGETS}
        )
    budget = Budget(owner=owner, period=period, amount=_checked(amount), scope=subject.scope)
    _aim(budget, subject)
    if _same(budget).exists():
        raise Conflict(
            _("There is a budget of %(subject)s for this period; change that one.")
            % {"subject": budget.subject}
        )
    budget.save()
    _tell_tills(owner)
    audit.record(by, "set a budget", owner, subject=str(budget), amount=format_dollars(amount))
    return budget


@transaction.atomic
def change(budget: Budget, *, by: Actor, amount: int) -> Budget:
    """Set another amount, for the present window too; what is spent stays spent."""
    by.require(may_set_budgets, budget.owner)
    budget = Budget.objects.select_for_update().get(pk=budget.pk)
    if budget.ended_at is not None:
        raise Conflict(_("This budget has been ended."))
    budget.amount = _checked(amount)
    budget.save(update_fields=["amount"])
    now = timezone.now()
    starts_at, _ends_at = budget.window(now)
    Limit.objects.filter(budget=budget, starts_at=starts_at).update(
        ceiling=Greatest(amount, F("spent") + F("held")), alerted_percent=0, recalled_at=now
    )
    audit.record(by, "changed a budget", budget.owner, subject=str(budget), amount=str(amount))
    return budget


@transaction.atomic
def end(budget: Budget, *, by: Actor) -> None:
    """Let it bound nothing any more; its windows stay as a record."""
    by.require(may_set_budgets, budget.owner)
    Budget.objects.filter(pk=budget.pk, ended_at=None).update(ended_at=timezone.now())
    _tell_tills(budget.owner)
    audit.record(by, "ended a budget", budget.owner, subject=str(budget))


def find(budget_id: UUID, *, by: Actor) -> Budget:
    """A budget of an owner the actor may see; NotFound to strangers."""
    rows = Budget.objects.in_force().select_related("owner")
    budget = rows.filter(pk=budget_id).first()
    if budget is None or not may_see_budgets(by, budget.owner):
        raise NotFound(_("There is no budget %(budget_id)s here.") % {"budget_id": budget_id})
    return budget


def of(owner: Owner, *, by: Actor) -> list[Standing]:
    """All budgets in force with their present windows, oldest first."""
    by.require(may_see_budgets, owner)
    return standings(owner.budgets.in_force().order_by("created_at"))


def standings(budgets: Iterable[Budget]) -> list[Standing]:
    now, found = timezone.now(), list(budgets)
    windows = {
        (window.budget_id, window.starts_at): window
        for window in Limit.objects.filter(budget__in=found, starts_at__lte=now)
    }
    return [_standing(one, windows.get((one.pk, one.window(now)[0])), now) for one in found]


def stop_everything(*, by: Actor, reason: str) -> SpendStop:
    """Let nobody spend anything on the whole site.

    Calls in progress go on to the end of what is set aside for them.
    """
    by.require(may_stop_spending, "all spending")
    if not reason.strip():
        raise BadInput(_("Say why: everybody whose call is refused reads it."))
    with transaction.atomic():
        if present_stop() is not None:
            raise Conflict(_("All spending is stopped already."))
        stop = SpendStop.objects.create(reason=reason.strip()[:200], by_id=by.user_id)
        audit.record(by, "stopped all spending", "the site", reason=stop.reason)
    return stop


@transaction.atomic
def lift_stop(*, by: Actor) -> None:
    by.require(may_stop_spending, "all spending")
    SpendStop.objects.filter(lifted_at=None).update(lifted_at=timezone.now())
    audit.record(by, "let spending go on", "the site")


def present_stop() -> SpendStop | None:
    return SpendStop.objects.filter(lifted_at=None).first()


def _tell_tills(owner: Owner) -> None:
    """Let every process read the owner's budgets again when it next asks for money."""
    ledger.wallets([owner.pk])
    wallet = Limit.objects.filter(kind=Limit.Kind.WALLET, owner=owner)
    wallet.update(budgets_version=F("budgets_version") + 1)


def _checked(amount: int) -> int:
    if not 0 <= amount <= MOST:
        raise BadInput(_("A budget is an amount from 0 to a billion dollars."))
    return amount


def _aim(budget: Budget, subject: Subject) -> None:
    """Name what the budget bounds, or raise BadInput if the owner has no such thing."""
    owner = budget.owner
    if subject.scope == Budget.Scope.KEY:
        keys = APIKey.objects.usable().filter(owner=owner)
        key = keys.filter(pk=subject.key_id).first() if subject.key_id else None
        if key is None:
            raise BadInput(_("%(owner)s has no such API key.") % {"owner": owner})
        budget.key, budget.subject = key, f"the key “{key.label}”"
    elif subject.scope == Budget.Scope.MEMBER:
        member = _member(owner, subject.username)
        budget.member, budget.subject = member, member.username
    elif subject.scope == Budget.Scope.ALGORITHM:
        if subject.algorithm_id is None:
            raise BadInput(_("Say which algorithm: owner/name."))
        budget.algorithm_id, budget.subject = subject.algorithm_id, subject.algorithm_path
    else:
        budget.subject = f"all of {owner}"


def _member(owner: Owner, username: str) -> User:
    people = User.objects.filter(username=username)
    if owner.organization_id is None:
        people = people.filter(owner=owner)
    else:
        rows = Membership.objects.filter(organization=owner.organization_id)
        members = rows.exclude(role=Membership.Role.INVITED).values("user")
        people = people.filter(pk__in=members)
    person = people.first()
    if person is None:
        raise BadInput(
            _("%(username)s is nobody who calls for %(owner)s.")
            % {"username": repr(username[:60]), "owner": owner}
        )
    return person


def _same(budget: Budget) -> QuerySet[Budget]:
    return Budget.objects.in_force().filter(
        owner=budget.owner,
        scope=budget.scope,
        period=budget.period,
        key=budget.key,
        member=budget.member,
        algorithm_id=budget.algorithm_id,
    )


def _standing(budget: Budget, window: Limit | None, now: datetime) -> Standing:
    _starts_at, resets_at = budget.window(now)
    if window is None:
        return Standing(budget, 0, 0, budget.amount, resets_at)
    left = max(0, budget.amount - window.spent - window.held)
    return Standing(budget, window.spent, window.held, left, resets_at)
