"""Double entry: the one door through which money moves in the books.

Amounts are integers in micro-units of the site's currency (`settings.CURRENCY`; 1 USD is
1,000,000). A positive entry is a credit (we owe it or have earned it), a negative one a
debit, and the entries of a journal sum to zero. The accounts and the signs of their balances:

    customer_paid, customer_promo   + what we owe a customer: credit bought, credit given
    receivable                      − what a post-paid customer owes us
    author_pending, author_available, author_in_transit   + what we owe an author
    compute_revenue, platform_fee, breakage               + what the house has earned
    stripe_cash                     − what lies at Stripe (money in is a debit)
    stripe_fees, promo_expense, bad_debt                  − what the house has paid or lost
    disputes                        − what Stripe holds back
    tax_payable                     + what we owe the state
    rounding                        ± fractions of a cent

The first six kinds have an owner, the others belong to the house. Whatever touches a
customer's accounts changes the ceiling of their wallet (`Limit`) in the same transaction, and
what running calls have set aside cannot be taken away: `NotEnough` is raised instead.

Locks are taken in one order everywhere: usage, limits, leases, balances, lots, each by
ascending id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing import bulk
from billing.models import Account, Balance, Entry, Journal, Limit, Lot
from billing.models.accounts import CUSTOMER, MOST, NEVER_NEGATIVE, OWNED
from marketplace.lib.errors import BadInput, Conflict

Kind = Account.Kind


class NotEnough(Conflict):
    """An account that may not be in debt would be, or running calls have the money set aside."""

    code = "not_enough"


@dataclass(frozen=True, slots=True)
class Leg:
    """So much to (positive) or from (negative) an account, perhaps out of one lot."""

    account: Account
    amount: int
    lot: Lot | None = None


def account(kind: str, owner_id: UUID | None = None) -> Account:
    """The account of that kind, made if it is not there; owners have theirs, the house the rest."""
    found = _known(Kind(kind), owner_id)
    if found is None:
        [found] = accounts([(Kind(kind), owner_id)]).values()
    return found


def accounts(
    wanted: Iterable[tuple[Account.Kind, UUID | None]],
) -> dict[tuple[Account.Kind, UUID | None], Account]:
    """Many accounts at once, in as few statements."""
    asked = list(dict.fromkeys(wanted))
    for kind, owner_id in asked:
        if (kind in OWNED) != (owner_id is not None):
            whose = "needs an owner" if kind in OWNED else "belongs to the house"
            raise BadInput(f"An account of the kind {kind} {whose}.")
    found = _find(asked)
    missing = [place for place in asked if place not in found]
    if missing:
        currency = settings.CURRENCY
        with transaction.atomic():
            Account.objects.bulk_create(
                [
                    Account(kind=kind, owner_id=owner, currency=currency)
                    for kind, owner in sorted(missing, key=str)
                ],
                ignore_conflicts=True,
            )
            found = _find(asked)
            Balance.objects.bulk_create(
                [
                    Balance(account=found[place], may_be_negative=place[0] not in NEVER_NEGATIVE)
                    for place in missing
                ],
                ignore_conflicts=True,
            )
    return found


def post_journal(  # noqa: PLR0913 - each is a column
    idem_key: str,
    kind: str,
    legs: Sequence[Leg],
    *,
    effective_at: datetime | None = None,
    reverses: Journal | None = None,
    ref_type: str = "",
    ref_id: str = "",
    meta: Mapping[str, object] | None = None,
) -> Journal:
    """Move money, once: the same key with the same legs gives the journal that is already there.

    Raises Conflict if the key stands for something else, BadInput if the legs do not sum to
    zero or are no amounts, NotEnough if an account would be in debt that may not.
    """
    _check(legs)
    with transaction.atomic():
        journal, is_new = Journal.objects.get_or_create(
            idem_key=idem_key,
            defaults={
                "kind": kind,
                "effective_at": effective_at or timezone.now(),
                "reverses": reverses,
                "ref_type": ref_type,
                "ref_id": ref_id,
                "meta": dict(meta or {}),
            },
        )
        if not is_new:
            _require_same(journal, legs)
            return journal
        _move_ceilings(legs)
        _move_balances(legs)
        Entry.objects.bulk_create(
            [
                Entry(journal=journal, account=leg.account, amount=leg.amount, lot=leg.lot)
                for leg in legs
            ]
        )
    return journal


def reverse(journal: Journal, *, idem_key: str, kind: str, note: str = "") -> Journal:
    """Post the mirror image of a journal; twice is once."""
    legs = [
        Leg(entry.account, -entry.amount, entry.lot)
        for entry in journal.entries.select_related("account", "lot")
    ]
    return post_journal(idem_key, kind, legs, reverses=journal, meta={"note": note})


def wallets(owner_ids: Iterable[UUID]) -> list[Limit]:
    """The wallets of these owners, made if they are not there, locked by ascending id."""
    wanted = set(owner_ids)
    rows = Limit.objects.filter(kind=Limit.Kind.WALLET, owner_id__in=wanted)
    found = list(rows.select_for_update().order_by("pk"))
    missing = wanted - {wallet.owner_id for wallet in found}
    if not missing:
        return found
    Limit.objects.bulk_create(
        [Limit(kind=Limit.Kind.WALLET, owner_id=owner_id) for owner_id in sorted(missing)],
        ignore_conflicts=True,
    )
    return list(rows.select_for_update().order_by("pk"))


def balance(kind: str, owner_id: UUID | None = None) -> int:
    """What an account holds; 0 if it was never used."""
    rows = Balance.objects.filter(account__kind=kind, account__currency=settings.CURRENCY)
    whose = Q(account__owner_id=owner_id) if owner_id else Q(account__owner__isnull=True)
    return rows.filter(whose).values_list("posted", flat=True).first() or 0


def _known(kind: Account.Kind, owner_id: UUID | None) -> Account | None:
    whose = Q(owner_id=owner_id) if owner_id else Q(owner__isnull=True)
    rows = Account.objects.filter(kind=kind, currency=settings.CURRENCY, balance__isnull=False)
    return rows.filter(whose).first()


def _find(
    asked: Sequence[tuple[Account.Kind, UUID | None]],
) -> dict[tuple[Account.Kind, UUID | None], Account]:
    kinds = {kind for kind, _ in asked}
    owners = {owner_id for _, owner_id in asked if owner_id}
    rows = Account.objects.filter(kind__in=kinds, currency=settings.CURRENCY)
    theirs = rows.filter(owner_id__in=owners)
    ours = rows.filter(owner_id__isnull=True)
    found = {(Kind(row.kind), row.owner_id): row for row in (*theirs, *ours)}
    return {place: found[place] for place in asked if place in found}


def _check(legs: Sequence[Leg]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for leg in legs:
        if isinstance(leg.amount, bool) or not isinstance(leg.amount, int):
            raise BadInput(f"{leg.amount!r} is no amount: money is counted in whole micro-units.")
        if leg.amount == 0 or abs(leg.amount) > MOST:
            raise BadInput(f"{leg.amount} is no amount that can be moved at once.")
        sums[leg.account.currency] += leg.amount
    uneven = {currency: total for currency, total in sums.items() if total}
    if not legs or uneven:
        raise BadInput(f"The legs of a journal sum to zero, these to {uneven or 'nothing'}.")


def _require_same(journal: Journal, legs: Sequence[Leg]) -> None:
    there = sorted(journal.entries.values_list("account_id", "amount", "lot_id"), key=str)
    asked = sorted(
        ((leg.account.pk, leg.amount, leg.lot.pk if leg.lot else None) for leg in legs), key=str
    )
    if there != asked:
        raise Conflict(f"{journal.idem_key} has been posted already, with other legs.")


def _move_ceilings(legs: Sequence[Leg]) -> None:
    """Let wallets hold what their owners' accounts do."""
    moves: dict[UUID, int] = defaultdict(int)
    for leg in legs:
        if leg.account.kind in CUSTOMER and leg.account.owner_id is not None:
            moves[leg.account.owner_id] += leg.amount
    owners = {owner_id for owner_id, move in moves.items() if move}
    changes: dict[int, tuple[int]] = {}
    for wallet in wallets(owners):
        move = moves[wallet.owner_id]
        if move < 0 and wallet.available + move < 0:
            raise NotEnough(
                f"{-move} micro-units cannot be taken from this account: "
                f"{wallet.available} are free, {wallet.held} are set aside for calls."
            )
        changes[wallet.pk] = (move,)
    bulk.add(Limit, changes, "ceiling")


def _move_balances(legs: Sequence[Leg]) -> None:
    moves: dict[int, int] = defaultdict(int)
    for leg in legs:
        moves[leg.account.pk] += leg.amount
    rows = Balance.objects.filter(account_id__in=moves).select_for_update().order_by("account_id")
    found = 0
    for row in rows:
        found += 1
        row.posted += moves[row.account_id]
        if row.posted < 0 and not row.may_be_negative:
            raise NotEnough(f"Account {row.account_id} would be {-row.posted} micro-units short.")
    if found != len(moves):
        raise Conflict("An account of this journal has no balance row; the books are damaged.")
    bulk.add(Balance, {pk: (move,) for pk, move in moves.items()}, "posted")
