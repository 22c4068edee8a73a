"""Conversations about an algorithm: begin one, reply, edit and delete one's own words, close it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from algorithms.models import Algorithm
from marketplace.accounts import audience, audit, notifications
from marketplace.accounts.actors import Actor
from marketplace.accounts.audience import account_of
from marketplace.accounts.models import Owner
from marketplace.catalog.models import Comment, Thread
from marketplace.catalog.models.reviews import COMMENT_LENGTH
from marketplace.catalog.reviews.rules import may_change_comment, may_close, may_discuss
from marketplace.lib import rates
from marketplace.lib.errors import BadInput, Conflict

TITLE_LENGTH: Final = 150
MOST: Final = 10
WHILE: Final = timedelta(minutes=10)
MOST_TOLD: Final = 200
COMMENTS_PER_PAGE: Final = 30
"""Who takes part in a conversation and is told of each reply."""


@transaction.atomic
def begin(algorithm: Algorithm, *, by: Actor, title: str, text: str) -> Thread:
    """Ask or say something new."""
    by.require(may_discuss, algorithm)
    said, named = _checked(text), " ".join(title.replace("\0", "").split())
    if not 3 <= len(named) <= TITLE_LENGTH:
        raise BadInput(_("A title has 3 to %(most)s characters.") % {"most": TITLE_LENGTH})
    _slow_down(by)
    thread = Thread.objects.create(
        algorithm=algorithm, starter_id=account_of(by), title=named, last_at=timezone.now()
    )
    first = Comment.objects.create(thread=thread, author_id=account_of(by), text=said)
    _tell(first, by, lambda: _("%(person)s began “%(title)s” on %(algorithm)s"))
    return thread


@transaction.atomic
def reply(thread: Thread, *, by: Actor, text: str) -> Comment:
    by.require(may_discuss, thread.algorithm)
    if thread.closed_at is not None:
        raise Conflict(_("This conversation is closed; begin a new one."))
    said = _checked(text)
    _slow_down(by)
    comment = Comment.objects.create(thread=thread, author_id=account_of(by), text=said)
    Thread.objects.filter(pk=thread.pk).update(last_at=timezone.now())
    _tell(comment, by, lambda: _("%(person)s replied in “%(title)s” on %(algorithm)s"))
    return comment


@transaction.atomic
def edit(comment: Comment, *, by: Actor, text: str) -> Comment:
    by.require(may_change_comment, comment)
    comment.text, comment.edited_at = _checked(text), timezone.now()
    comment.save(update_fields=["text", "edited_at"])
    return comment


@transaction.atomic
def delete(comment: Comment, *, by: Actor) -> None:
    """Take the words away; the place stays, so that replies still make sense."""
    by.require(may_change_comment, comment)
    comment.text, comment.deleted_at = "", timezone.now()
    comment.save(update_fields=["text", "deleted_at"])
    audit.record(by, "deleted a comment", comment.thread)


@transaction.atomic
def close(thread: Thread, *, by: Actor, is_closed: bool) -> Thread:
    """End a conversation, or open it again."""
    by.require(may_close, thread)
    thread.closed_at = timezone.now() if is_closed else None
    thread.save(update_fields=["closed_at"])
    audit.record(by, "closed a conversation" if is_closed else "reopened a conversation", thread)
    return thread


def address(comment: Comment) -> str:
    """Where it stands: the conversation, and the page of it."""
    algorithm = comment.thread.algorithm
    place = reverse(
        "reviews:thread", args=[algorithm.owner.name, algorithm.name, comment.thread_id]
    )
    before = Q(created_at__lt=comment.created_at) | Q(
        created_at=comment.created_at, pk__lt=comment.pk
    )
    page = Comment.objects.filter(before, thread=comment.thread_id).count() // COMMENTS_PER_PAGE + 1
    return f"{place}{f'?page={page}' if page > 1 else ''}#comment-{comment.pk}"


def _checked(text: str) -> str:
    said = text.strip()
    if "\0" in said or not 1 <= len(said) <= COMMENT_LENGTH:
        raise BadInput(
            _("Say something in %(most)s characters at most.") % {"most": COMMENT_LENGTH}
        )
    return said


def _slow_down(actor: Actor) -> None:
    rates.require(
        f"comment:{actor.owner_id}",
        most=MOST,
        period=WHILE,
        refusal=_(
            "You have written a lot within a few minutes. Your words were not posted; wait a moment."
        ),
    )


def _tell(comment: Comment, by: Actor, words: Callable[[], str]) -> None:
    """Tell those who take part and the algorithm's people, except who said it."""
    thread = comment.thread
    people = set(audience.user_ids_of(thread.algorithm.owner, also_members=True))
    authors = Comment.objects.filter(thread=thread).order_by().values("author").distinct()
    for author in Owner.objects.filter(pk__in=authors).order_by("pk")[:MOST_TOLD]:
        people |= audience.user_ids_of(author)
    named = {"person": by.name, "title": thread.title, "algorithm": thread.algorithm}
    notifications.tell(
        people - {by.user_id},
        kind="discussion",
        title=lambda: words() % named,
        body=comment.text[:500],
        url=address(comment),
    )
