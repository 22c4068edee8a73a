"""The books: who has and earns what, what bounds spending, and what each call has cost."""

from billing.models.accounts import Account, Balance
from billing.models.budgets import Budget, SpendStop
from billing.models.given import GivenTime
from billing.models.journals import Entry, Journal
from billing.models.limits import Lease, Limit, Spender
from billing.models.lots import Lot
from billing.models.meters import MeterExport, PostPaid, StripeInvoice
from billing.models.payouts import PayoutAccount, PayoutLine, PayoutRun
from billing.models.receipts import Objection, Receipt, ReceiptChain, ReceiptKey
from billing.models.reconciliation import Finding, ReconciliationRun
from billing.models.stripe import CashMove, StripeCustomer, StripeEvent, StripeThing
from billing.models.topups import AutoRecharge, Dispute, EarningHold, Refund, TopUp
from billing.models.usage import Usage

__all__ = [
    "Account",
    "AutoRecharge",
    "Balance",
    "Budget",
    "CashMove",
    "Dispute",
    "EarningHold",
    "Entry",
    "Finding",
    "GivenTime",
    "Journal",
    "Lease",
    "Limit",
    "Lot",
    "MeterExport",
    "Objection",
    "PayoutAccount",
    "PayoutLine",
    "PayoutRun",
    "PostPaid",
    "Receipt",
    "ReceiptChain",
    "ReceiptKey",
    "ReconciliationRun",
    "Refund",
    "SpendStop",
    "Spender",
    "StripeCustomer",
    "StripeEvent",
    "StripeInvoice",
    "StripeThing",
    "TopUp",
    "Usage",
]
