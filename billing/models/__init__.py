"""The books: who has and earns what, what bounds spending, and what each call has cost."""

from billing.models.accounts import Account, Balance
from billing.models.budgets import Budget, SpendStop
from billing.models.journals import Entry, Journal
from billing.models.limits import Lease, Limit, Spender
from billing.models.lots import Lot
from billing.models.usage import Usage

__all__ = [
    "Account",
    "Balance",
    "Budget",
    "Entry",
    "Journal",
    "Lease",
    "Limit",
    "Lot",
    "SpendStop",
    "Spender",
    "Usage",
]
