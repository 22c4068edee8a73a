"""What the pages of an author have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from algorithms import environments, resolving
from algorithms.models import Algorithm, Build, Version
from algorithms.permissions import may_edit
from marketplace.accounts.actors import Actor
from marketplace.accounts.middleware import ActorRequest
from marketplace.api import errors
from marketplace.api.rest import to_json
from marketplace.lib.errors import MarketplaceError, NotFound, NotSignedIn

P = ParamSpec("P")
View = Callable[Concatenate[ActorRequest, Algorithm, P], HttpResponse]


def of_algorithm(view: View[P]) -> Callable[..., HttpResponse]:
    """Give a page the algorithm its address names; whoever is signed out is asked in first."""

    @wraps(view)
    def found(
        request: ActorRequest, /, owner: str, name: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        try:
            algorithm = resolving.find(owner, name, by=request.actor)
        except NotFound:
            if request.actor.is_anonymous:
                raise NotSignedIn(_("Sign in to see this page.")) from None
            raise
        answer = view(request, algorithm, *args, **kwargs)
        answer["Cache-Control"] = "no-store, private"
        return answer

    return found


def in_json(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Say what was refused as JSON where JSON was asked for; pages show it their own way."""

    @wraps(view)
    def answering(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        try:
            return view(*args, **kwargs)
        except MarketplaceError as error:
            if not isinstance(request, HttpRequest) or not wants_json(request):
                raise
            return json_answer(errors.body_of(error), error.status)

    return answering


def wants_json(request: HttpRequest) -> bool:
    is_sent = (request.content_type or "").startswith("application/json")
    return is_sent or "application/json" in request.headers.get("Accept", "")


def json_answer(data: object, status: int = 200) -> HttpResponse:
    return HttpResponse(to_json(data), content_type="application/json", status=status)


def build_of(algorithm: Algorithm, build_id: object) -> Build:
    rows = algorithm.builds.select_related("version", "environment", "requested_by", "dependencies")
    build = rows.filter(pk=str(build_id)).first()
    if build is None:
        raise NotFound(_("%(algorithm)s has no such build.") % {"algorithm": algorithm})
    return build


def build_json(algorithm: Algorithm, build: Build) -> dict[str, object]:
    """A build as pages' scripts and the native API see it."""
    place = {"owner": algorithm.owner.name, "name": algorithm.name, "build_id": build.pk}
    version: Version | None = getattr(build, "version", None)
    return {
        "id": build.pk,
        "state": build.state,
        "error": build.error,
        "commit": build.commit,
        "version": str(version.number) if version is not None else None,
        "created_at": build.created_at,
        "finished_at": build.finished_at,
        "url": reverse("algorithms:build", kwargs=place),
        "log_url": reverse("algorithms:build_log", kwargs=place),
        "cancel_url": reverse("algorithms:cancel_build", kwargs=place),
        "socket_url": f"/ws/builds/{build.pk}/log/",
    }


def head_context(algorithm: Algorithm, actor: Actor) -> dict[str, object]:
    """What the head of every page of an algorithm's workshop shows."""
    builds = algorithm.builds.select_related("version")
    built = builds.succeeded().first()
    return {
        "algorithm": algorithm,
        "may_edit": may_edit(actor, algorithm),
        "build": builds.first(),
        "built": built,
        "may_publish": built is not None and getattr(built, "version", None) is None,
        "version": algorithm.versions.newest_first().first(),
        "announced": environments.announced_for(algorithm),
    }
