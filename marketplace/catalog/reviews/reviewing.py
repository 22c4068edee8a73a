"""Rate an algorithm one has called, change it, withdraw it; its author may answer.

The average on the algorithm is worked out from the live reviews each time one changes, so that
it is always what the page below it shows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms.models import Algorithm, Call, Version
from marketplace.accounts import audience, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.audience import account_of
from marketplace.accounts.models import Owner
from marketplace.catalog import ratings
from marketplace.catalog.models import HelpfulVote, Review
from marketplace.catalog.models.reviews import REVIEW_LENGTH
from marketplace.catalog.moderation import cases
from marketplace.catalog.reviews.rules import (
    may_answer_review,
    may_change_review,
    may_review,
    may_vote_on,
)
from marketplace.lib import rates
from marketplace.lib.errors import BadInput, Conflict, NotAllowed

SHORTEST: Final = 10
A_DAY: Final = timedelta(days=1)
MOST_A_DAY: Final = 20
BURST: Final = 5
"""So many reviews of one algorithm within an hour, by accounts younger than a week, are looked at."""


def write(algorithm: Algorithm, *, by: Actor, major: int, rating: int, text: str) -> Review:
    """Review one major version that the actor has called with success."""
    by.require(may_review, algorithm)
    _check(rating, text)
    version = called(algorithm, by=by).get(major)
    if version is None:
        raise NotAllowed(
            _("You can review a version that you have called with success; try it first.")
        )
    rates.require(
        f"review:{by.owner_id}",
        most=MOST_A_DAY,
        period=A_DAY,
        refusal=_("You have written many reviews today; go on tomorrow."),
    )
    try:
        with transaction.atomic():
            review = Review.objects.create(
                algorithm=algorithm,
                version=version,
                major=major,
                author_id=account_of(by),
                rating=rating,
                text=text.strip(),
            )
            audit.record(by, "reviewed", algorithm, rating=str(rating), major=str(major))
            ratings.keep_true(algorithm)
            _tell_author(review)
    except IntegrityError:
        raise Conflict(
            _("You have reviewed version %(major)s already; edit that review.") % {"major": major}
        ) from None
    _look_for_burst(algorithm)
    return review


@transaction.atomic
def edit(review: Review, *, by: Actor, rating: int, text: str) -> Review:
    """Replace what a review says. The author's answer stays, with its date."""
    by.require(may_change_review, review)
    _check(rating, text)
    if review.withdrawn_at is not None:
        raise Conflict(_("This review was withdrawn; write a new one."))
    review.rating, review.text, review.edited_at = rating, text.strip(), timezone.now()
    review.save(update_fields=["rating", "text", "edited_at"])
    audit.record(by, "edited a review", review.algorithm, rating=str(rating))
    ratings.keep_true(review.algorithm)
    return review


@transaction.atomic
def withdraw(review: Review, *, by: Actor) -> None:
    by.require(may_change_review, review)
    review.withdrawn_at = timezone.now()
    review.save(update_fields=["withdrawn_at"])
    audit.record(by, "withdrew a review", review.algorithm)
    ratings.keep_true(review.algorithm)


@transaction.atomic
def answer(review: Review, *, by: Actor, text: str) -> Review:
    """Answer as the algorithm's author; a second answer replaces the first, an empty one ends it."""
    by.require(may_answer_review, review)
    said = text.strip().replace("\0", "")
    if len(said) > REVIEW_LENGTH:
        raise BadInput(_("An answer has %(most)s characters at most.") % {"most": REVIEW_LENGTH})
    review.answer, review.answered_at = said, timezone.now() if said else None
    review.save(update_fields=["answer", "answered_at"])
    audit.record(by, "answered a review", review.algorithm)
    if said:
        notifications.tell(
            audience.user_ids_of(review.author),
            kind="review",
            title=lambda: (
                _("%(owner)s answered your review of %(algorithm)s")
                % {"owner": review.algorithm.owner, "algorithm": review.algorithm}
            ),
            body=said[:500],
            url=address(review),
        )
    return review


@transaction.atomic
def vote(review: Review, *, by: Actor) -> bool:
    """Find a review helpful, or not any more; give whether the actor does now."""
    by.require(may_vote_on, review)
    Review.objects.select_for_update().get(pk=review.pk)
    removed, _rows = HelpfulVote.objects.filter(review=review, voter_id=account_of(by)).delete()
    if not removed:
        HelpfulVote.objects.create(review=review, voter_id=account_of(by))
    review.helpful_count = review.votes.count()
    review.save(update_fields=["helpful_count"])
    return not removed


def called(algorithm: Algorithm, *, by: Actor) -> dict[int, Version]:
    """The major versions that the actor's accounts have called with success, each as its newest."""
    if by.owner_id is None:
        return {}
    good = Call.objects.filter(
        algorithm=algorithm, caller__in=by.owner_ids, result=Call.Result.SUCCEEDED
    )
    rows = algorithm.versions.filter(pk__in=good.values("version_id"))
    return {version.major: version for version in rows.order_by("major", "minor", "revision")}


def address(review: Review) -> str:
    place = reverse("reviews:list", args=[review.algorithm.owner.name, review.algorithm.name])
    return f"{place}#review-{review.pk}"


def _check(rating: int, text: str) -> None:
    if not 1 <= rating <= 5:
        raise BadInput(_("Give one to five stars."))
    length = len(text.strip())
    if "\0" in text or not SHORTEST <= length <= REVIEW_LENGTH:
        raise BadInput(
            _("Say in %(least)s to %(most)s characters what you found.")
            % {"least": SHORTEST, "most": REVIEW_LENGTH}
        )


def _tell_author(review: Review) -> None:
    notifications.tell(
        audience.user_ids_of(review.algorithm.owner, also_members=True),
        kind="review",
        title=lambda: (
            _("%(person)s gave %(algorithm)s %(rating)s of 5 stars")
            % {"person": review.author, "algorithm": review.algorithm, "rating": review.rating}
        ),
        body=review.text[:500],
        url=address(review),
    )


def _look_for_burst(algorithm: Algorithm) -> None:
    now = timezone.now()
    fresh = Owner.objects.filter(created_at__gt=now - timedelta(days=7))
    lately = Review.objects.live().filter(
        algorithm=algorithm, created_at__gt=now - timedelta(hours=1), author__in=fresh
    )
    number = lately.count()
    if number >= BURST:
        cases.note(
            cases.about_algorithm(algorithm),
            kind="burst",
            text=f"{number} reviews within an hour by accounts younger than a week.",
        )
