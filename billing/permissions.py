"""Who may give credit, set budgets, buy, be paid, and stop all spending."""

from __future__ import annotations

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope


def may_grant_credit(actor: Actor, _owner: Owner) -> bool:
    return actor.is_staff and actor.has(Scope.ADMIN)


def may_stop_spending(actor: Actor, _what: str) -> bool:
    return actor.is_staff and actor.has(Scope.ADMIN)


def may_see_budgets(actor: Actor, owner: Owner) -> bool:
    """The owner's people; no running algorithm and no key in a web page is told of their money."""
    if actor.running is not None or actor.stands_in_pages:
        return False
    return actor.has(Scope.ADMIN) or actor.speaks_for(owner.pk)


def may_see_bills(actor: Actor, owner: Owner) -> bool:
    """Receipts, usage and statements: the owner's people, and who pays an organization's bills."""
    if actor.running is not None or actor.stands_in_pages:
        return False
    return owner.pk in actor.bills_for or may_see_budgets(actor, owner)


def may_object(actor: Actor, owner: Owner) -> bool:
    """Say that a charge is wrong: who answers for the account or pays for it, signed in."""
    is_person = actor.has(Scope.ACCOUNT) and actor.key_id is None and actor.running is None
    return is_person and owner.pk in actor.administers | actor.bills_for


def may_set_budgets(actor: Actor, owner: Owner) -> bool:
    """Who answers for the account, signed in: a key that could raise its own budget has none."""
    is_person = actor.has(Scope.ACCOUNT) and actor.key_id is None and actor.running is None
    return is_person and owner.pk in actor.administers


def may_buy_credit(actor: Actor, owner: Owner) -> bool:
    """Who answers for the account, signed in: neither a key nor an algorithm touches a card."""
    return may_set_budgets(actor, owner)


def may_get_paid(actor: Actor, owner: Owner) -> bool:
    return may_set_budgets(actor, owner)


def may_see_earnings(actor: Actor, owner: Owner) -> bool:
    return may_see_budgets(actor, owner)


def may_move_money(actor: Actor, _what: object) -> bool:
    """Refund, freeze, allow to pay later, run payouts, compare the books: the site's staff."""
    return actor.is_staff and actor.has(Scope.ADMIN)
