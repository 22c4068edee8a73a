"""What each party is told of a decision; the same words are shown to staff before they decide.

Nobody of the staff is named. The owner's letter holds a link that also lets in somebody whose
account is suspended, so that they can appeal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import audience, notifications
from marketplace.catalog.models import Appeal, Case, Decision
from marketplace.catalog.moderation.effects import APPEALABLE

APPEAL_WITHIN: Final = timedelta(days=180)
_SALT: Final = "moderation.decision"
Action = Decision.Action

CONSEQUENCES: Final = {
    Action.APPROVE: gettext_noop("Nothing changes."),
    Action.ASK: gettext_noop(
        "It stays as it is for now. Change what is asked for and publish a new version: it will "
        "be looked at again."
    ),
    Action.QUARANTINE: gettext_noop(
        "It is hidden, and nobody can call it: callers are told that the moderators have stopped "
        "it. You can still change, build and try it."
    ),
    Action.RELEASE: gettext_noop("It is shown and can be called as before."),
    Action.YANK: gettext_noop(
        "No pattern such as 1.* leads to this version any more. Those who name its full number go "
        "on, and are told that it was withdrawn."
    ),
    Action.RESTORE: gettext_noop("The version is offered to everyone as before."),
    Action.SUSPEND: gettext_noop(
        "Nobody can sign in to the account, its keys do not work, and what it published is hidden "
        "and cannot be called."
    ),
    Action.UNSUSPEND: gettext_noop("The account, its keys and what it published work as before."),
    Action.HIDE: gettext_noop("Nobody else sees it any more."),
    Action.SHOW: gettext_noop("Everybody sees it as before."),
}


@dataclass(frozen=True)
class Letter:
    title: str
    body: str


def to_owner(case: Case, action: str, reason: str) -> Letter:
    """What the owner of the subject reads."""
    titles = {
        Action.APPROVE: _("%(what)s was looked at: nothing is wrong"),
        Action.ASK: _("%(what)s: please change something"),
        Action.QUARANTINE: _("%(what)s is in quarantine"),
        Action.RELEASE: _("%(what)s is released from quarantine"),
        Action.YANK: _("%(what)s is withdrawn"),
        Action.RESTORE: _("%(what)s is offered again"),
        Action.SUSPEND: _("Your account is suspended"),
        Action.UNSUSPEND: _("Your account is no longer suspended"),
        Action.HIDE: _("%(what)s is hidden"),
        Action.SHOW: _("%(what)s is shown again"),
    }
    parts = [_(CONSEQUENCES[Action(action)]), _("The reason:") + " " + reason]
    if action in APPEALABLE:
        parts.append(
            _(
                "If you think that this is wrong, say so on the page below within %(days)s days. "
                "Somebody else will decide."
            )
            % {"days": APPEAL_WITHIN.days}
        )
    return Letter(titles[Action(action)] % {"what": case.label}, "\n\n".join(parts))


def to_reporter(case: Case, action: str) -> Letter:
    """What those who reported it read: the outcome, not what was said to the owner."""
    outcome = {
        Action.APPROVE: _("We found nothing that breaks the rules, and left it as it is."),
        Action.ASK: _("We have asked its owner to change something."),
        Action.QUARANTINE: _("It is in quarantine: hidden, and nobody can call it."),
        Action.YANK: _("The version is withdrawn: nobody comes upon it any more."),
        Action.SUSPEND: _("The account behind it is suspended."),
        Action.HIDE: _("It is hidden."),
    }
    body = outcome.get(Action(action), _("An earlier decision was taken back."))
    return Letter(_("What you reported was looked at: %(what)s") % {"what": case.label}, body)


def send(decision: Decision) -> None:
    """Tell the owner and whoever reported it."""
    case = decision.case
    notifications.tell(
        audience.user_ids_of(case.owner),
        kind="moderation",
        title=lambda: to_owner(case, decision.action, decision.reason).title,
        body=lambda: to_owner(case, decision.action, decision.reason).body,
        url=address(decision),
    )
    reporters: set[int] = set()
    for report in case.reports.select_related("reporter"):
        reporters |= audience.user_ids_of(report.reporter)
    notifications.tell(
        reporters,
        kind="moderation",
        title=lambda: to_reporter(case, decision.action).title,
        body=lambda: to_reporter(case, decision.action).body,
    )


def send_answer(appeal: Appeal) -> None:
    """Tell the owner how the appeal ended."""
    titles = {
        Appeal.State.GRANTED: gettext_noop("Your appeal was granted: %(what)s"),
        Appeal.State.UPHELD: gettext_noop("The decision stands: %(what)s"),
    }
    title = titles[Appeal.State(appeal.state)]
    decision = appeal.decision
    notifications.tell(
        audience.user_ids_of(decision.case.owner),
        kind="moderation",
        title=lambda: _(title) % {"what": decision.case.label},
        body=appeal.answer,
        url=address(decision),
    )


def address(decision: Decision) -> str:
    """The page of a decision, with the owner's way in."""
    token = signing.dumps(str(decision.pk), salt=_SALT)
    return f"{reverse('moderation:decision', args=[decision.pk])}?letter={token}"


def is_from_letter(token: str, decision: Decision) -> bool:
    """Whether this is the link of the letter about this decision, and not too old."""
    try:
        named = signing.loads(token, salt=_SALT, max_age=APPEAL_WITHIN)
    except signing.BadSignature:
        return False
    return bool(named == str(decision.pk))
