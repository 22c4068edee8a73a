"""Start a build, and the page where its log grows."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from algorithms import build_logs, builds, dating
from algorithms.models import Algorithm
from algorithms.pages import (
    build_json,
    build_of,
    head_context,
    in_json,
    json_answer,
    of_algorithm,
    wants_json,
)
from algorithms.permissions import may_see_builds
from marketplace.accounts.middleware import ActorRequest
from marketplace.lib.errors import BadInput


@in_json
@of_algorithm
@require_http_methods(["GET", "HEAD", "POST"])
def build_list(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_see_builds, algorithm)
    if request.method == "POST":
        build = builds.start(algorithm, by=request.actor, commit=_commit(request))
        if wants_json(request):
            return json_answer(build_json(algorithm, build), 201)
        return redirect("algorithms:build", algorithm.owner.name, algorithm.name, build.pk)
    rows = algorithm.builds.select_related("version", "requested_by", "environment")
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    context = {**head_context(algorithm, request.actor), "page": page}
    return render(request, "algorithms/builds.html", context)


@in_json
@of_algorithm
@require_safe
def build(request: ActorRequest, algorithm: Algorithm, build_id: UUID) -> HttpResponse:
    request.actor.require(may_see_builds, algorithm)
    found = build_of(algorithm, build_id)
    if wants_json(request):
        return json_answer(build_json(algorithm, found))
    context = {
        **head_context(algorithm, request.actor),
        "build": found,
        "facts": build_json(algorithm, found),
        "log": build_logs.whole(found.pk) if found.has_ended else "",
    }
    return render(request, "algorithms/build.html", context)


@in_json
@of_algorithm
@require_safe
def build_log(request: ActorRequest, algorithm: Algorithm, build_id: UUID) -> HttpResponse:
    """The log as plain text: all of it, or what came after an offset."""
    request.actor.require(may_see_builds, algorithm)
    found = build_of(algorithm, build_id)
    if "after" in request.GET:
        text, offset = build_logs.read(found.pk, after=_offset(request))
    else:
        text = build_logs.whole(found.pk)
        offset = len(text)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["X-Log-Offset"] = str(offset)
    answer["X-Build-State"] = found.state
    return answer


@in_json
@of_algorithm
@require_POST
def cancel(request: ActorRequest, algorithm: Algorithm, build_id: UUID) -> HttpResponse:
    found = build_of(algorithm, build_id)
    builds.cancel(found, by=request.actor)
    if wants_json(request):
        return json_answer(build_json(algorithm, found))
    return redirect("algorithms:build", algorithm.owner.name, algorithm.name, found.pk)


@of_algorithm
@require_POST
def install_as_of(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """Build once more, with the packages of a day."""
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        raise BadInput(_("A day is written 2017-04-30.")) from None
    build = dating.install(algorithm, by=request.actor, day=day)
    return redirect("algorithms:build", algorithm.owner.name, algorithm.name, build.pk)


def _commit(request: ActorRequest) -> str | None:
    if not (request.content_type or "").startswith("application/json"):
        return request.POST.get("commit") or None
    try:
        body: Any = json.loads(request.body or b"{}")
    except ValueError:
        raise BadInput(_("The request body is not valid JSON.")) from None
    commit = body.get("commit") if isinstance(body, dict) else None
    if commit is not None and not isinstance(commit, str):
        raise BadInput(_("commit is the hash of a commit."))
    return commit


def _offset(request: ActorRequest) -> int:
    text = request.GET["after"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadInput(_("after is the number of characters you already have."))
    return int(text)
