"""Runs at an address of their own: keep one, look at it, delete it."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from algorithms import runs
from algorithms.models import Run
from algorithms.runs import may_forget_run
from marketplace.accounts.middleware import ActorRequest
from marketplace.api import errors
from marketplace.catalog import facts
from marketplace.catalog.pages import indented
from marketplace.lib.errors import BadInput, MarketplaceError, NotFound


@require_POST
def keep(request: ActorRequest) -> HttpResponse:
    """Keep what the page has just seen; answers with the address."""
    try:
        run = _kept(request)
    except MarketplaceError as error:
        return JsonResponse(errors.body_of(error), status=error.status)
    return JsonResponse({"url": reverse("catalog:run", args=[run.pk])}, status=201)


@require_safe
def kept(request: ActorRequest) -> HttpResponse:
    """The runs that the person keeps."""
    request.actor.require(_may_have_runs, "kept runs")
    rows = Run.objects.kept().filter(kept_by__in=request.actor.owner_ids)
    shown = rows.select_related("algorithm__owner", "version")[: runs.MOST]
    return render(request, "catalog/runs.html", {"runs": shown})


@require_safe
def run(request: ActorRequest, run_id: UUID) -> HttpResponse:
    found = _found(request, run_id)
    answer = json.loads(found.answer)
    context = {
        "run": found,
        "input": indented(found.input),
        "output": json.dumps(answer.get("result"), indent=2, ensure_ascii=False),
        "error": answer.get("error"),
        "facts": facts.of(found.algorithm, found.version),
        "may_forget": may_forget_run(request.actor, found),
    }
    page = render(request, "catalog/run.html", context)
    page["X-Robots-Tag"] = "noindex"
    page["Referrer-Policy"] = "same-origin"  # who has the address may read it
    return page


@require_POST
def forget(request: ActorRequest, run_id: UUID) -> HttpResponse:
    runs.forget(_found(request, run_id), by=request.actor)
    messages.success(request, _("The run is deleted; its address shows nothing any more."))
    return redirect("catalog:runs")


def _may_have_runs(actor: object, _subject: object) -> bool:
    return not getattr(actor, "is_anonymous", True)


def _found(request: ActorRequest, run_id: UUID) -> Run:
    try:
        return runs.find(run_id, by=request.actor)
    except NotFound as error:
        raise Http404(error.message) from error


def _kept(request: ActorRequest) -> Run:
    try:
        given = json.loads(request.body)
        receipt, text, answer = str(given["receipt"]), str(given["input"]), str(given["answer"])
        visibility = str(given.get("visibility", Run.Visibility.UNLISTED))
        days = int(given.get("days", 30))
    except (ValueError, TypeError, KeyError):
        raise BadInput(_("A run is kept with its receipt, its input and its answer.")) from None
    return runs.keep(
        by=request.actor,
        receipt=receipt,
        given=text,
        answer=answer,
        visibility=visibility,
        days=days,
    )
