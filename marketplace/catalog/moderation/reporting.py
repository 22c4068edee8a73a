"""Say that something is wrong; the report joins the open case of its subject."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.audience import account_of
from marketplace.catalog.models import Report
from marketplace.catalog.models.moderation import REASON_LENGTH
from marketplace.catalog.moderation import cases
from marketplace.catalog.moderation.cases import About
from marketplace.catalog.moderation.rules import may_report
from marketplace.lib import rates
from marketplace.lib.errors import BadInput, Conflict, NotAllowed

MOST_A_DAY: Final = 20
SHORTEST: Final = 10
POINTER_LENGTH: Final = 300


@transaction.atomic
def report(about: About, *, by: Actor, reason: str, text: str, pointer: str = "") -> Report:
    """Report something once; the reporter hears of the decision."""
    if about.owner.pk in by.owner_ids:
        raise NotAllowed(_("This is your own; you can change or remove it yourself."))
    by.require(may_report, about)
    said, place = text.strip().replace("\0", ""), pointer.strip().replace("\0", "")
    if reason not in Report.Reason.values:
        raise BadInput(_("Choose one of the reasons."))
    if not SHORTEST <= len(said) <= REASON_LENGTH:
        raise BadInput(
            _("Say in %(least)s to %(most)s characters what is wrong.")
            % {"least": SHORTEST, "most": REASON_LENGTH}
        )
    if len(place) > POINTER_LENGTH:
        raise BadInput(_("The place has %(most)s characters at most.") % {"most": POINTER_LENGTH})
    rates.require(
        f"report:{by.owner_id}",
        most=MOST_A_DAY,
        period=timedelta(days=1),
        refusal=_("You have reported a lot today; write to the operator if it is urgent."),
    )
    case = cases.open_case(about)
    if case.reports.filter(reporter_id=account_of(by)).exists():
        raise Conflict(_("You have reported this already; you will hear what was decided."))
    made = Report.objects.create(
        case=case, reporter_id=account_of(by), reason=reason, text=said, pointer=place
    )
    audit.record(by, "reported", about.label, reason=reason)
    cases.weigh(case)
    return made
