"""Who may review, answer, take part in a conversation and end it."""

from __future__ import annotations

from algorithms.models import Algorithm
from algorithms.permissions import may_view
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.catalog.models import Comment, Review, Thread


def is_person(actor: Actor) -> bool:
    """Signed in with a browser: no key and no running algorithm speaks for people here."""
    return actor.has(Scope.ACCOUNT) and actor.key_id is None and actor.running is None


def may_review(actor: Actor, algorithm: Algorithm) -> bool:
    """Everybody who sees it, except its owner's people; calls of it are asked for besides."""
    is_stranger = algorithm.owner_id not in actor.owner_ids | actor.executes_for
    return is_person(actor) and is_stranger and may_view(actor, algorithm)


def may_change_review(actor: Actor, review: Review) -> bool:
    return is_person(actor) and actor.owner_id == review.author_id and review.hidden_at is None


def may_answer_review(actor: Actor, review: Review) -> bool:
    """The author of an algorithm may answer, once, and never remove what is said of it."""
    return is_person(actor) and actor.speaks_for(review.algorithm.owner_id) and review.is_live


def may_vote_on(actor: Actor, review: Review) -> bool:
    is_other = review.author_id not in actor.owner_ids
    return is_person(actor) and is_other and review.is_live and may_view(actor, review.algorithm)


def may_discuss(actor: Actor, algorithm: Algorithm) -> bool:
    return is_person(actor) and may_view(actor, algorithm)


def may_change_comment(actor: Actor, comment: Comment) -> bool:
    return is_person(actor) and actor.owner_id == comment.author_id and comment.is_shown


def may_close(actor: Actor, thread: Thread) -> bool:
    """Who began it, the algorithm's people, and staff."""
    is_theirs = actor.owner_id == thread.starter_id
    is_authors = actor.speaks_for(thread.algorithm.owner_id)
    return is_person(actor) and (is_theirs or is_authors or actor.has(Scope.ADMIN))
