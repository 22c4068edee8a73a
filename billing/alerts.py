"""Tell who answers for an account when a budget is half, nearly and wholly used; once a window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from billing.amounts import written
from billing.models import Budget, Limit
from billing.refusals import BUDGETS_PAGE
from marketplace.accounts import notifications
from marketplace.accounts.models import Membership, Owner

STEPS: Final = (100, 80, 50)


def look(limits: Iterable[Limit]) -> None:
    """Send what is due for these windows, as they are after a settlement; in its transaction."""
    for limit in limits:
        if limit.kind != Limit.Kind.WINDOW or limit.budget is None or not limit.ceiling:
            continue
        reached = next((step for step in STEPS if limit.spent * 100 >= step * limit.ceiling), 0)
        if reached <= limit.alerted_percent:
            continue
        Limit.objects.filter(pk=limit.pk).update(alerted_percent=reached)
        _tell(limit, limit.budget, reached)


def people_of(owner: Owner) -> list[int]:
    """Who answers for an owner's money: the person, or an organization's owners."""
    if owner.user_id is not None:
        return [owner.user_id]
    rows = Membership.objects.filter(organization=owner.organization_id, role=Membership.Role.OWNER)
    return list(rows.values_list("user_id", flat=True))


def _tell(limit: Limit, budget: Budget, percent: int) -> None:
    def body() -> str:
        said = _("%(spent)s of %(ceiling)s (%(period)s) have been spent.") % {
            "spent": written(limit.spent),
            "ceiling": written(limit.ceiling),
            "period": str(budget.get_period_display()).lower(),
        }
        if limit.ends_at is None:
            return said
        return f"{said} " + _("It resets at %(when)s UTC.") % {
            "when": f"{limit.ends_at:%Y-%m-%d %H:%M}"
        }

    notifications.tell(
        people_of(limit.owner),
        kind="billing",
        title=lambda: (
            _("%(percent)s %% of the budget of %(subject)s are used")
            % {"percent": percent, "subject": budget.subject}
        ),
        body=body,
        url=f"{settings.SITE_URL}{BUDGETS_PAGE}",
    )
