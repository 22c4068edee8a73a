"""Home, explore and its shelves, owners, stars and follows."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from algorithms import resolving
from algorithms.models import Algorithm, AlgorithmImage, Version
from algorithms.pages import json_answer, wants_json
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.catalog import pages, search
from marketplace.catalog.algorithm_pages import cost
from marketplace.catalog.discovery import (
    cards,
    categories,
    choices,
    following,
    sorting,
    stars,
    status,
)
from marketplace.catalog.discovery.permissions import may_see_own_stars, may_sort
from marketplace.catalog.models import Category, Follow, Star
from marketplace.catalog.search import ORDER_LABELS, Order, Query
from marketplace.lib.errors import BadInput, NotFound
from marketplace.lib.money import in_dollars

EXAMPLES = 3
PICKS = 6
PEOPLE = 60


@require_safe
def home(request: ActorRequest) -> HttpResponse:
    """Say what this is, let the visitor run something at once, and show the shelves."""
    overview = search.find(Query(), by=request.actor)
    numbers = overview.counts.of_facet["task"]
    shelves = [
        (category, categories.icon(category.slug), numbers[category.slug])
        for category in Category.objects.all()
    ]
    context = {
        "examples": _examples(request),
        "total": overview.total,
        "free": overview.counts.of_facet["price"]["free"],
        "second": cost.shown(in_dollars(settings.CPU_RATE)) if settings.CPU_RATE else "",
        "shelves": [shelf for shelf in shelves if shelf[2]],
        "trending": _cards(request, overview.algorithms[:PICKS]),
        "newest": _cards(
            request, search.first(Query(order=Order.NEWEST), by=request.actor, number=PICKS)
        ),
    }
    return render(request, "discovery/home.html", context)


@require_safe
def explore(request: ActorRequest) -> HttpResponse:
    query = Query.parse(dict(request.GET.lists()))
    return _list(request, query, "discovery/explore.html", {"fixed": frozenset()})


@require_safe
def category(request: ActorRequest, slug: str) -> HttpResponse:
    """A shelf: what the staff chose first, then everything of the task."""
    shelf = get_object_or_404(Category, slug=slug)
    query = Query.parse(dict(request.GET.lists()))
    query = replace(query, chosen={**query.chosen, "task": (slug,)})
    is_first = not query.without("task").narrows and request.GET.get("page", "1") == "1"
    picks = shelf.algorithms.filter(is_listed=True).visible_to(request.actor)
    shown = picks.select_related("owner__user", "owner__organization", "environment")
    context = {
        "fixed": frozenset({"task"}),
        "shelf": shelf,
        "icon": categories.icon(slug),
        "picks": _cards(request, shown.order_by("-trending")[:PICKS]) if is_first else [],
        "feed": reverse("catalog:category_feed", args=[slug]),
    }
    return _list(request, query, "discovery/category.html", context)


@require_safe
def tag(request: ActorRequest, name: str) -> HttpResponse:
    query = replace(Query.parse(dict(request.GET.lists())), tag=name[:30].lower())
    context: dict[str, object] = {"fixed": frozenset({"tag"}), "tag": query.tag}
    return _list(request, query, "discovery/tag.html", context)


@require_safe
def owner(request: ActorRequest, owner: str) -> HttpResponse:
    person = _owner(owner)
    rows = Algorithm.objects.visible_to(request.actor).filter(owner=person)
    rows = rows.select_related("owner__user", "owner__organization", "environment")
    found = rows.defer("readme").order_by("-is_listed", "-trending", "-updated_at")
    page = Paginator(found, search.PER_PAGE).get_page(request.GET.get("page"))
    followers = Follow.objects.filter(owner=person)
    context = {
        "person": person,
        "page": page,
        "cards": _cards(request, page.object_list),
        "followers": followers.count(),
        "is_followed": followers.filter(user_id=request.actor.user_id or 0).exists(),
        "is_mine": request.actor.speaks_for(person.pk),
        "feed": reverse("catalog:owner_feed", args=[person.name]),
        "address": "",
    }
    return render(request, "discovery/owner.html", context)


@require_safe
def followers(request: ActorRequest, owner: str) -> HttpResponse:
    person = _owner(owner)
    rows = Follow.objects.filter(owner=person).select_related("user__owner")
    page = Paginator(rows, PEOPLE).get_page(request.GET.get("page"))
    context = {"person": person, "page": page, "address": ""}
    return render(request, "discovery/followers.html", context)


@require_safe
def stargazers(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    algorithm = resolving.find(owner, name, by=request.actor)
    rows = Star.objects.filter(algorithm=algorithm).select_related("user__owner")
    page = Paginator(rows, PEOPLE).get_page(request.GET.get("page"))
    context = {"algorithm": algorithm, "page": page, "address": ""}
    return render(request, "discovery/stargazers.html", context)


@require_safe
def algorithm_status(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """The rows behind the numbers on a card."""
    try:
        wanted = request.GET.get("version", "")
        page = pages.algorithm_page(owner, name, wanted, by=request.actor)
    except (NotFound, BadInput) as error:
        raise Http404(error.message) from error
    context = {"page": page, "tab": "status", "status": status.of(page.algorithm)}
    return render(request, "discovery/status.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def sort(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """Where its author wants an algorithm to be found."""
    algorithm = resolving.find(owner, name, by=request.actor)
    request.actor.require(may_sort, algorithm)
    task, tags, error = algorithm.task, " ".join(t.name for t in algorithm.tags.all()), ""
    if request.method == "POST":
        task, tags = request.POST.get("task", ""), request.POST.get("tags", "")
        try:
            sorting.sort(algorithm, by=request.actor, task=task, tags=tags)
        except BadInput as refused:
            error = refused.message
        else:
            messages.success(request, _("Saved. Lists and searches show it at once."))
            return redirect("catalog:sort", owner=algorithm.owner.name, name=algorithm.name)
    context = {"algorithm": algorithm, "task": task, "tags": tags, "error": error}
    context["categories"] = Category.objects.all()
    status_code = 400 if error else 200
    return render(request, "discovery/sort.html", context, status=status_code)


@require_safe
def own_stars(request: ActorRequest) -> HttpResponse:
    """What the signed-in person has starred and follows."""
    request.actor.require(may_see_own_stars, "stars")
    rows = Algorithm.objects.visible_to(request.actor).filter(
        stars__user_id=request.actor.user_id or 0
    )
    rows = rows.select_related("owner__user", "owner__organization", "environment")
    page = Paginator(rows.order_by("-stars__created_at"), search.PER_PAGE)
    shown = page.get_page(request.GET.get("page"))
    follows = Follow.objects.filter(user_id=request.actor.user_id or 0)
    context = {
        "page": shown,
        "cards": _cards(request, shown.object_list),
        "follows": follows.select_related("owner__organization", "owner__user", "algorithm__owner"),
        "address": "",
    }
    return render(request, "discovery/stars.html", context)


@require_safe
@cache_control(public=True, max_age=86400)
def thumbnail(request: ActorRequest, image_id: UUID) -> HttpResponse:
    """The picture of a card. It never changes under its address."""
    visible = Algorithm.objects.visible_to(request.actor)
    image = get_object_or_404(AlgorithmImage, pk=image_id, algorithm__in=visible)
    answer = HttpResponse(bytes(image.thumbnail), content_type="image/webp")
    if not image.algorithm.is_listed:
        answer["Cache-Control"] = "no-store, private"
    return answer


@require_POST
def star(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    algorithm = resolving.find(owner, name, by=request.actor)
    is_wanted = request.POST.get("wanted") != "no"
    change = stars.star if is_wanted else stars.unstar
    return _toggled(request, change(algorithm, by=request.actor), is_wanted=is_wanted)


@require_POST
def follow_owner(request: ActorRequest, owner: str) -> HttpResponse:
    return _follow(request, _owner(owner))


@require_POST
def follow_algorithm(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    return _follow(request, resolving.find(owner, name, by=request.actor))


def _follow(request: ActorRequest, followed: Algorithm | Owner) -> HttpResponse:
    is_wanted = request.POST.get("wanted") != "no"
    change = following.follow if is_wanted else following.unfollow
    return _toggled(request, change(followed, by=request.actor), is_wanted=is_wanted)


def _toggled(request: HttpRequest, number: int, *, is_wanted: bool) -> HttpResponse:
    """Back to where the button is; or only what it shows now, for a page that changes itself."""
    if wants_json(request):
        return json_answer({"is_on": is_wanted, "number": number})
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("catalog:explore")
    return redirect(back)


def _list(
    request: ActorRequest, query: Query, template: str, context: dict[str, object]
) -> HttpResponse:
    number = request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    found = search.find(query, by=request.actor, page=page)
    titles = choices.task_titles()
    fixed = context["fixed"]
    assert isinstance(fixed, frozenset)  # noqa: S101 - each view says what its page is about
    shown = query
    for name in fixed:
        shown = replace(shown, tag="") if name == "tag" else shown.without(name)
    context |= {
        "query": query,
        "found": found,
        "cards": _cards(request, found.algorithms),
        "drafts": _cards(request, search.drafts(query, by=request.actor)) if page == 1 else [],
        "choices": choices.offered(query, found, titles, fixed=fixed),
        "chips": choices.chips(shown, titles, fixed=fixed),
        "ways_out": [] if found.total else choices.ways_out(query, found, titles, fixed=fixed),
        "orders": [(o, w) for o, w in ORDER_LABELS.items() if query.words or o is not Order.BEST],
        "address": shown.address,
    }
    context.setdefault("feed", f"{reverse('catalog:explore_feed')}?{query.address}")
    return render(request, template, context)


def _cards(request: ActorRequest, algorithms: object) -> list[cards.Card]:
    shown: list[Algorithm] = list(algorithms)  # type: ignore[call-overload]
    return cards.of(shown, starred=cards.starred_by(request.actor, shown)) if shown else []


def _examples(request: ActorRequest) -> list[pages.Card]:
    """Free ones with a sample, which visitors may run without an account: the liveliest first."""
    free = Query(chosen={"price": ("free",), "internet": ("isolated",)})
    found = [one.pk for one in search.first(free, by=request.actor, number=EXAMPLES * 8)]
    runnable = Version.objects.public().filter(algorithm__in=found).exclude(sample_input="")
    ready = set(runnable.values_list("algorithm_id", flat=True))
    return pages.cards([pk for pk in found if pk in ready][:EXAMPLES], by=request.actor)


def _owner(name: str) -> Owner:
    person = Owner.objects.select_related("user", "organization").named(name).first()
    if person is None or person.is_suspended:
        raise Http404(f"Nobody here is called {name}.")
    return person
