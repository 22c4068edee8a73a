"""The tabs Reviews and Discussion of an algorithm's page."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from algorithms.models import Algorithm
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.catalog import pages, readme
from marketplace.catalog.models import Comment, Review, Thread
from marketplace.catalog.pages import AlgorithmPage
from marketplace.catalog.reviews import discussing, reviewing
from marketplace.catalog.reviews.discussing import COMMENTS_PER_PAGE
from marketplace.catalog.reviews.forms import (
    AnswerForm,
    CommentForm,
    EditReviewForm,
    ReviewForm,
    ThreadForm,
)
from marketplace.catalog.reviews.rules import may_close, may_discuss, may_review
from marketplace.lib.errors import BadInput, NotFound

PER_PAGE: Final = 20


@require_http_methods(["GET", "HEAD", "POST"])
def review_list(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """What callers say, and the form for those who may."""
    page = _page(request, owner, name)
    algorithm = page.algorithm
    form, why_not = _review_form(request, algorithm)
    if form is not None and form.is_valid():
        values = form.cleaned_data
        made = carried_out(form, lambda: reviewing.write(algorithm, by=request.actor, **values))
        if made is not None:
            messages.success(request, _("Your review is on the page."))
            return redirect(reviewing.address(made))
    stars = request.GET.get("stars", "")
    live = Review.objects.live().filter(algorithm=algorithm).select_related("author", "version")
    shown = live.filter(rating=int(stars)) if stars in ("1", "2", "3", "4", "5") else live
    ordered = shown.order_by("-helpful_count", "-created_at")
    context = {
        "page": page,
        "tab": "reviews",
        "form": form,
        "why_not": why_not,
        "reviews": Paginator(ordered, PER_PAGE).get_page(request.GET.get("page")),
        "bars": _bars(algorithm),
        "stars": stars,
        "mine": set(
            Review.objects.filter(votes__voter_id=request.actor.owner_id).values_list(
                "pk", flat=True
            )
        )
        if not request.actor.is_anonymous
        else set(),
        "is_author": request.actor.speaks_for(algorithm.owner_id),
        "answer_form": AnswerForm(),
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "reviews/list.html", context, status=status)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def edit_review(request: ActorRequest, owner: str, name: str, review_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    review = _review(page.algorithm, review_id)
    if review.author_id != request.actor.owner_id:
        raise NotFound(_("This is not a review of yours."))
    form = EditReviewForm(sent(request), initial={"rating": review.rating, "text": review.text})
    if form.is_valid():
        values = form.cleaned_data
        if carried_out(form, lambda: reviewing.edit(review, by=request.actor, **values)):
            messages.success(request, _("Your review is changed."))
            return redirect(reviewing.address(review))
    context = {"page": page, "tab": "reviews", "form": form, "review": review}
    return render(request, "reviews/edit.html", context, status=400 if form.errors else 200)


@require_POST
def withdraw(request: ActorRequest, owner: str, name: str, review_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    reviewing.withdraw(_review(page.algorithm, review_id), by=request.actor)
    messages.success(request, _("Your review is withdrawn."))
    return redirect("reviews:list", owner, name)


@require_POST
def answer(request: ActorRequest, owner: str, name: str, review_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadInput(" ".join(map(str, form.errors["text"])))
    review = reviewing.answer(
        _review(page.algorithm, review_id), by=request.actor, text=form.cleaned_data["text"]
    )
    return redirect(reviewing.address(review))


@require_POST
def helpful(request: ActorRequest, owner: str, name: str, review_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    review = _review(page.algorithm, review_id)
    reviewing.vote(review, by=request.actor)
    return redirect(reviewing.address(review))


@require_http_methods(["GET", "HEAD", "POST"])
def thread_list(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """Conversations, the last that something was said in first."""
    page = _page(request, owner, name)
    form = ThreadForm(sent(request)) if may_discuss(request.actor, page.algorithm) else None
    if form is not None and form.is_valid():
        values = form.cleaned_data
        made = carried_out(
            form, lambda: discussing.begin(page.algorithm, by=request.actor, **values)
        )
        if made is not None:
            return redirect("reviews:thread", owner, name, made.pk)
    said = Count("comments", filter=Q(comments__deleted_at=None, comments__hidden_at=None))
    rows = Thread.objects.filter(algorithm=page.algorithm).select_related("starter")
    threads = Paginator(rows.annotate(said=said).order_by("-last_at", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "tab": "discussion", "threads": threads, "form": form}
    status = 400 if form is not None and form.errors else 200
    return render(request, "reviews/threads.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: ActorRequest, owner: str, name: str, thread_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    found = _thread(page.algorithm, thread_id)
    is_open = found.closed_at is None and may_discuss(request.actor, page.algorithm)
    form = CommentForm(sent(request)) if is_open else None
    if form is not None and form.is_valid():
        values = form.cleaned_data
        made = carried_out(form, lambda: discussing.reply(found, by=request.actor, **values))
        if made is not None:
            return redirect(discussing.address(made))
    if form is None and request.method == "POST":
        discussing.reply(found, by=request.actor, text=request.POST.get("text", ""))
    said = found.comments.select_related("author").order_by("created_at", "pk")
    comments = Paginator(said, COMMENTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "tab": "discussion",
        "thread": found,
        "comments": [(comment, _html(comment)) for comment in comments],
        "shown": comments,
        "form": form,
        "may_close": may_close(request.actor, found),
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "reviews/thread.html", context, status=status)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def edit_comment(
    request: ActorRequest, owner: str, name: str, thread_id: UUID, comment_id: UUID
) -> HttpResponse:
    page = _page(request, owner, name)
    comment = _comment(page.algorithm, thread_id, comment_id)
    if comment.author_id != request.actor.owner_id:
        raise NotFound(_("This is not a comment of yours."))
    form = CommentForm(sent(request), initial={"text": comment.text})
    if form.is_valid():
        values = form.cleaned_data
        if carried_out(form, lambda: discussing.edit(comment, by=request.actor, **values)):
            return redirect(discussing.address(comment))
    context = {"page": page, "tab": "discussion", "form": form, "comment": comment}
    return render(request, "reviews/edit_comment.html", context, status=400 if form.errors else 200)


@require_POST
def delete_comment(
    request: ActorRequest, owner: str, name: str, thread_id: UUID, comment_id: UUID
) -> HttpResponse:
    page = _page(request, owner, name)
    discussing.delete(_comment(page.algorithm, thread_id, comment_id), by=request.actor)
    return redirect("reviews:thread", owner, name, thread_id)


@require_POST
def close(request: ActorRequest, owner: str, name: str, thread_id: UUID) -> HttpResponse:
    page = _page(request, owner, name)
    found = _thread(page.algorithm, thread_id)
    discussing.close(found, by=request.actor, is_closed=request.POST.get("state") != "open")
    return redirect("reviews:thread", owner, name, thread_id)


def _page(request: ActorRequest, owner: str, name: str) -> AlgorithmPage:
    try:
        return pages.algorithm_page(owner, name, "", by=request.actor)
    except NotFound as error:
        raise Http404(error.message) from error


def _review_form(request: ActorRequest, algorithm: Algorithm) -> tuple[ReviewForm | None, str]:
    """The form, or why there is none."""
    actor = request.actor
    if actor.is_anonymous:
        return None, _("Sign in to write a review; those who have called it with success may.")
    if not may_review(actor, algorithm):
        return None, ""
    called = reviewing.called(algorithm, by=actor)
    if not called:
        return None, _("You can review it once you have called it with success.")
    own = Review.objects.filter(algorithm=algorithm, author_id=actor.owner_id, withdrawn_at=None)
    reviewed = set(own.values_list("major", flat=True))
    choices = [
        (str(major), f"{version.number}")
        for major, version in sorted(called.items(), reverse=True)
        if major not in reviewed
    ]
    if not choices:
        return None, _("You have reviewed it; you can edit your review below.")
    form = ReviewForm(sent(request), initial={"major": choices[0][0]})
    form.fields["major"].choices = choices  # type: ignore[attr-defined]
    return form, ""


def _bars(algorithm: Algorithm) -> list[dict[str, Any]]:
    """For each number of stars how many reviews gave it."""
    live = Review.objects.live().filter(algorithm=algorithm)
    counted = dict(live.order_by().values_list("rating").annotate(number=Count("pk")))
    total = sum(counted.values())
    return [
        {"stars": stars, "number": counted.get(stars, 0), "total": total}
        for stars in (5, 4, 3, 2, 1)
    ]


def _html(comment: Comment) -> str:
    return readme.render(comment.text) if comment.is_shown else ""


def _review(algorithm: Algorithm, review_id: UUID) -> Review:
    rows = Review.objects.live().select_related("algorithm__owner", "author")
    return get_object_or_404(rows, pk=review_id, algorithm=algorithm)


def _thread(algorithm: Algorithm, thread_id: UUID) -> Thread:
    rows = Thread.objects.select_related("algorithm__owner", "starter")
    return get_object_or_404(rows, pk=thread_id, algorithm=algorithm)


def _comment(algorithm: Algorithm, thread_id: UUID, comment_id: UUID) -> Comment:
    rows = Comment.objects.select_related("thread__algorithm__owner", "author")
    return get_object_or_404(rows, pk=comment_id, thread=thread_id, thread__algorithm=algorithm)
