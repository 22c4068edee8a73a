"""Finds what somebody wants to report, if they may see it."""

from __future__ import annotations

from uuid import UUID

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
    if subject == Case.Subject.ALGORITHM:
        algorithm = Algorithm.objects.select_related("owner").filter(pk=wanted).first()
        found = algorithm and cases.about_algorithm(algorithm)
    elif subject == Case.Subject.VERSION:
        rows = Version.objects.ever_public().select_related("algorithm__owner")
        version = rows.filter(pk=wanted).first()
        found = version and cases.about_version(version)
    elif subject == Case.Subject.REVIEW:
        reviews = Review.objects.live().select_related("algorithm__owner", "author")
        review = reviews.filter(pk=wanted).first()
        found = review and cases.about_review(review)
    else:
        comments = Comment.objects.select_related("thread__algorithm__owner", "author")
        comment = comments.filter(pk=wanted, deleted_at=None, hidden_at=None).first()
        found = comment and cases.about_comment(comment)
    if not found:
        raise _nothing()
    return found


def _algorithm(about: About) -> Algorithm | None:
    return cases.algorithm_of(about.row)


def _nothing() -> NotFound:
    return NotFound("There is nothing here to report.")
