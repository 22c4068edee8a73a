"""Finds what somebody wants to report, if they may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Version
from algorithms.permissions import may_view
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.catalog.models import Case, Comment, Review
from marketplace.catalog.moderation import cases
from marketplace.catalog.moderation.cases import About
from marketplace.lib.errors import NotFound


def named(subject: str, reference: str, *, by: Actor) -> About:
    """The subject at `/report/<subject>/<reference>/`: an id, or the name of an owner."""
    if subject == Case.Subject.OWNER:
        owner = Owner.objects.named(reference).open().first()
        if owner is None:
            raise _nothing()
        return cases.about_owner(owner)
    try:
        wanted = UUID(reference)
    except ValueError:
        raise _nothing() from None
    about = _by_id(subject, wanted)
    algorithm = _algorithm(about)
    if algorithm is None or not may_view(by, algorithm):
        raise _nothing()
    return about


def _by_id(subject: str, wanted: UUID) -> About:
    found = _FINDERS.get(subject, _none)(wanted)
    if found is None:
        raise _nothing()
    return found


def _none(wanted: UUID) -> None:
    del wanted


def _algorithm_by_id(wanted: UUID) -> About | None:
    found = Algorithm.objects.select_related("owner").filter(pk=wanted).first()
    return None if found is None else cases.about_algorithm(found)


def _version_by_id(wanted: UUID) -> About | None:
    rows = Version.objects.ever_public().select_related("algorithm__owner")
    found = rows.filter(pk=wanted).first()
    return None if found is None else cases.about_version(found)


def _review_by_id(wanted: UUID) -> About | None:
    rows = Review.objects.live().select_related("algorithm__owner", "author")
    found = rows.filter(pk=wanted).first()
    return None if found is None else cases.about_review(found)


def _comment_by_id(wanted: UUID) -> About | None:
    rows = Comment.objects.select_related("thread__algorithm__owner", "author")
    found = rows.filter(pk=wanted, deleted_at=None, hidden_at=None).first()
    return None if found is None else cases.about_comment(found)


_FINDERS: Final[Mapping[str, Callable[[UUID], About | None]]] = {
    Case.Subject.ALGORITHM: _algorithm_by_id,
    Case.Subject.VERSION: _version_by_id,
    Case.Subject.REVIEW: _review_by_id,
    Case.Subject.COMMENT: _comment_by_id,
}


def _algorithm(about: About) -> Algorithm | None:
    return cases.algorithm_of(about.row)


def _nothing() -> NotFound:
    return NotFound(_("There is nothing here to report."))
