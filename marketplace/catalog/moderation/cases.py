"""Open a case, or add to the open one: each subject has one at a time, and it knows its risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from algorithms.models import Algorithm, Version
from marketplace.accounts.models import Owner
from marketplace.catalog.models import Case, Comment, Review

WEIGHTS: Final = {
    "first_version": 20,
    "permissions": 35,
    "name": 40,
    "burst": 45,
    "changed": 15,
    "malicious": 60,
    "privacy": 50,
    "deceptive": 45,
    "offensive": 40,
    "copyright": 35,
    "spam": 25,
    "broken": 15,
    "other": 15,
}
"""How much each signal and each reason of a report speaks for looking soon."""

TRUSTED_BONUS: Final = 10
"""Added for a report by somebody whose earlier reports were right, taken off where they were not."""


@dataclass(frozen=True)
class About:
    """What a case is about."""

    subject: Case.Subject
    owner: Owner
    label: str
    row: Algorithm | Version | Review | Comment | Owner

    @property
    def field(self) -> str:
        return str(self.subject)


def about_version(version: Version) -> About:
    return About(Case.Subject.VERSION, version.algorithm.owner, str(version), version)


def about_algorithm(algorithm: Algorithm) -> About:
    return About(Case.Subject.ALGORITHM, algorithm.owner, str(algorithm), algorithm)


def about_owner(owner: Owner) -> About:
    return About(Case.Subject.OWNER, owner, owner.name, owner)


def about_review(review: Review) -> About:
    return About(Case.Subject.REVIEW, review.author, str(review), review)


def about_comment(comment: Comment) -> About:
    return About(Case.Subject.COMMENT, comment.author, str(comment), comment)


@transaction.atomic
def open_case(about: About) -> Case:
    """The case that is open for the subject, or a new one; one that waited is open again."""
    Owner.objects.select_for_update().get(pk=about.owner.pk)  # one at a time for each owner
    rows = Case.objects.filter(subject=about.subject, **{about.field: about.row})
    present = rows.exclude(state=Case.State.CLOSED).first()
    if present is None:
        algorithm = algorithm_of(about.row)
        values: dict[str, Any] = {"owner": about.owner, "algorithm": algorithm}
        values |= {about.field: about.row}
        return Case.objects.create(
            subject=about.subject, label=about.label[:200], opened_at=timezone.now(), **values
        )
    if present.state == Case.State.WAITING:
        present.state, present.opened_at = Case.State.OPEN, timezone.now()
        present.save(update_fields=["state", "opened_at"])
    return present


@transaction.atomic
def note(about: About, *, kind: str, text: str) -> Case:
    """Add what speaks for looking; the same signal twice counts once, with its newest words."""
    case = open_case(about)
    others = [signal for signal in case.signals if signal["kind"] != kind]
    case.signals = [*others, {"kind": kind, "text": text, "weight": WEIGHTS[kind]}]
    return weigh(case)


def weigh(case: Case) -> Case:
    """Work out the risk anew from signals and reports."""
    of_signals = sum(int(signal["weight"]) for signal in case.signals)
    of_reports = [
        max(5, WEIGHTS[report.reason] + _record(report.reporter))
        for report in case.reports.select_related("reporter")
    ]
    strongest = max(of_reports, default=0)
    case.risk = of_signals + strongest + 5 * max(0, len(of_reports) - 1)
    case.save(update_fields=["signals", "risk"])
    return case


def _record(reporter: Owner) -> int:
    """What a reporter's closed reports say of the next one."""
    closed = reporter.reports_made.filter(case__state=Case.State.CLOSED)
    wrong = closed.filter(case__decisions__action="approve").distinct().count()
    right = closed.count() - wrong
    if wrong > right + 1:
        return -TRUSTED_BONUS
    return TRUSTED_BONUS if right > wrong + 1 else 0


def algorithm_of(row: Algorithm | Version | Review | Comment | Owner) -> Algorithm | None:
    if isinstance(row, Algorithm):
        return row
    if isinstance(row, (Version, Review)):
        return row.algorithm
    return row.thread.algorithm if isinstance(row, Comment) else None
