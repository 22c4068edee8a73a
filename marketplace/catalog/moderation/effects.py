"""What each decision does to its subject, and which decision takes it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner
from marketplace.catalog import ratings
from marketplace.catalog.models import Case, Comment, Decision, Review
from marketplace.lib.errors import Conflict

Action = Decision.Action
Subject = Case.Subject

INVERSE: Final[Mapping[str, str]] = {
    Action.QUARANTINE: Action.RELEASE,
    Action.YANK: Action.RESTORE,
    Action.SUSPEND: Action.UNSUSPEND,
    Action.HIDE: Action.SHOW,
}
APPEALABLE: Final = frozenset({*INVERSE, Action.ASK})


def available(case: Case) -> list[Decision.Action]:
    """What can be decided about a case now, the mildest first."""
    found = [] if case.state == Case.State.CLOSED else [Action.APPROVE]
    if case.subject in (Subject.VERSION, Subject.ALGORITHM):
        found += [] if case.state == Case.State.CLOSED else [Action.ASK]
        found += _of_version(case.version) + _of_algorithm(case.algorithm)
    if case.subject in (Subject.REVIEW, Subject.COMMENT):
        words = case.review or case.comment
        if words is not None:
            found.append(Action.SHOW if words.hidden_at else Action.HIDE)
    found.append(Action.UNSUSPEND if _is_suspended(case.owner) else Action.SUSPEND)
    return found


def apply(action: str, case: Case, *, reason: str) -> None:
    """Make it so; Conflict if it is so already or its subject has gone."""
    if action not in available(case) and action not in INVERSE.values():
        raise Conflict(_("This cannot be decided here any more: load the page again."))
    effect = _EFFECTS.get(action)
    if effect is not None:
        effect(case, reason)


def _of_version(version: Version | None) -> list[Decision.Action]:
    if version is None:
        return []
    return [Action.RESTORE if version.is_yanked else Action.YANK]


def _of_algorithm(algorithm: Algorithm | None) -> list[Decision.Action]:
    if algorithm is None:
        return []
    return [Action.RELEASE if algorithm.quarantined_at else Action.QUARANTINE]


def _quarantine(case: Case, reason: str) -> None:
    del reason
    algorithm = _algorithm(case)
    algorithm.quarantined_at = algorithm.quarantined_at or timezone.now()
    algorithm.save(update_fields=["quarantined_at"])


def _release(case: Case, reason: str) -> None:
    del reason
    algorithm = _algorithm(case)
    algorithm.quarantined_at = None
    algorithm.save(update_fields=["quarantined_at"])


def _yank(case: Case, reason: str) -> None:
    version = _version(case)
    version.yanked_at = version.yanked_at or timezone.now()
    version.yank_reason = " ".join(reason.split())[:300]
    version.save(update_fields=["yanked_at", "yank_reason"])


def _restore(case: Case, reason: str) -> None:
    del reason
    version = _version(case)
    version.yanked_at, version.yank_reason = None, ""
    version.save(update_fields=["yanked_at", "yank_reason"])


def _suspend(case: Case, reason: str) -> None:
    del reason
    _set_suspended(case.owner, is_suspended=True)


def _unsuspend(case: Case, reason: str) -> None:
    del reason
    _set_suspended(case.owner, is_suspended=False)


def _is_suspended(owner: Owner) -> bool:
    """By a moderator: closing an account suspends it too, and keeps apart what they had decided."""
    return owner.is_suspended if owner.closed_at is None else owner.was_suspended


def _set_suspended(owner: Owner, *, is_suspended: bool) -> None:
    """What was published by an account that has been closed stays hidden either way."""
    if owner.closed_at is None:
        owner.is_suspended = is_suspended
    else:
        owner.was_suspended = is_suspended
    owner.save(update_fields=["is_suspended", "was_suspended"])


def _hide(case: Case, reason: str) -> None:
    del reason
    words = _words(case)
    words.hidden_at = words.hidden_at or timezone.now()
    _save_words(words)


def _show(case: Case, reason: str) -> None:
    del reason
    words = _words(case)
    words.hidden_at = None
    _save_words(words)


def _save_words(words: Review | Comment) -> None:
    words.save(update_fields=["hidden_at"])
    if isinstance(words, Review):
        ratings.keep_true(words.algorithm)


def _algorithm(case: Case) -> Algorithm:
    if case.algorithm is None:
        raise Conflict(_("The algorithm has been deleted meanwhile."))
    return case.algorithm


def _version(case: Case) -> Version:
    if case.version is None:
        raise Conflict(_("The version has been deleted meanwhile."))
    return case.version


def _words(case: Case) -> Review | Comment:
    words = case.review or case.comment
    if words is None:
        raise Conflict(_("What was written has been deleted meanwhile."))
    return words


_EFFECTS: Final[Mapping[str, Callable[[Case, str], None]]] = {
    Action.QUARANTINE: _quarantine,
    Action.RELEASE: _release,
    Action.YANK: _yank,
    Action.RESTORE: _restore,
    Action.SUSPEND: _suspend,
    Action.UNSUSPEND: _unsuspend,
    Action.HIDE: _hide,
    Action.SHOW: _show,
}
