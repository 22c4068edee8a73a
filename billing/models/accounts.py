"""Where money can be: an account for each kind and owner, and what its entries sum up to."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Owner

MOST: Final = 10**15
"""The largest amount one entry may move, in micro-units: a billion dollars."""


class Account(models.Model):
    """One place in the books. A positive balance is what we owe or have earned."""

    class Kind(models.TextChoices):
        CUSTOMER_PAID = "customer_paid", _("Credit bought")
        CUSTOMER_PROMO = "customer_promo", _("Credit given")
        RECEIVABLE = "receivable", _("Owed by the customer")
        AUTHOR_PENDING = "author_pending", _("Earned, not yet mature")
        AUTHOR_AVAILABLE = "author_available", _("Earned, ready to be paid out")
        AUTHOR_IN_TRANSIT = "author_in_transit", _("On its way to the author")
        PLATFORM_FEE = "platform_fee", _("The house's share of royalties")
        COMPUTE_REVENUE = "compute_revenue", _("Earned by computing")
        PROMO_EXPENSE = "promo_expense", _("Given away")
        STRIPE_CASH = "stripe_cash", _("Cash at Stripe")
        BANK_CASH = "bank_cash", _("Cash paid out to the bank")
        STRIPE_FEES = "stripe_fees", _("Paid to Stripe")
        TAX_PAYABLE = "tax_payable", _("Tax collected")
        DISPUTES = "disputes", _("Held back in disputes")
        BAD_DEBT = "bad_debt", _("Lost")
        BREAKAGE = "breakage", _("Credit that expired")
        ROUNDING = "rounding", _("Fractions of a cent")

    owner = models.ForeignKey(
        Owner, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "currency"], name="one_account_of_a_kind_per_owner"
            ),
            models.UniqueConstraint(
                fields=["kind", "currency"],
                condition=Q(owner__isnull=True),
                name="one_account_of_a_kind_of_the_house",
            ),
            models.CheckConstraint(
                condition=Q(
                    owner__isnull=False,
                    kind__in=[
                        "customer_paid",
                        "customer_promo",
                        "receivable",
                        "author_pending",
                        "author_available",
                        "author_in_transit",
                    ],
                )
                | Q(
                    owner__isnull=True,
                    kind__in=[
                        "platform_fee",
                        "compute_revenue",
                        "promo_expense",
                        "stripe_cash",
                        "bank_cash",
                        "stripe_fees",
                        "tax_payable",
                        "disputes",
                        "bad_debt",
                        "breakage",
                        "rounding",
                    ],
                ),
                name="customers_and_authors_own_their_accounts_the_house_the_others",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner_id}" if self.owner_id else self.kind


CUSTOMER: Final = frozenset(
    {Account.Kind.CUSTOMER_PAID, Account.Kind.CUSTOMER_PROMO, Account.Kind.RECEIVABLE}
)
"""What together an owner can spend, besides their credit limit."""

OWNED: Final = CUSTOMER | {
    Account.Kind.AUTHOR_PENDING,
    Account.Kind.AUTHOR_AVAILABLE,
    Account.Kind.AUTHOR_IN_TRANSIT,
}

NEVER_NEGATIVE: Final = frozenset(
    {
        Account.Kind.CUSTOMER_PAID,
        Account.Kind.CUSTOMER_PROMO,
        Account.Kind.AUTHOR_PENDING,
        Account.Kind.AUTHOR_IN_TRANSIT,
    }
)
"""Nobody spends what is not there; only corrections after a payout may leave an author in debt."""


class Balance(models.Model):
    """The sum of an account's entries, kept beside them. Changed by `post_journal` alone."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="balance"
    )
    posted = models.BigIntegerField(default=0)
    may_be_negative = models.BooleanField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(posted__gte=0) | Q(may_be_negative=True), name="never_in_debt"
            ),
            models.CheckConstraint(
                condition=Q(posted__gte=-4 * 10**18, posted__lte=4 * 10**18),
                name="a_balance_that_can_still_be_added_to",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.posted}"
