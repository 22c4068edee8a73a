"""Reporting and appealing for everybody; the queue, cases and appeals for staff."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.actors import Actor
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import for_people, sent
from marketplace.catalog import facts, readme
from marketplace.catalog.models import Appeal, Case, Decision
from marketplace.catalog.moderation import (
    appealing,
    deciding,
    effects,
    evidence,
    letters,
    reporting,
    subjects,
)
from marketplace.catalog.moderation.forms import AnswerForm, AppealForm, DecisionForm, ReportForm
from marketplace.catalog.moderation.rules import may_moderate, may_see_decision
from marketplace.lib.errors import NotFound

PER_PAGE: Final = 30


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: ActorRequest, subject: str, reference: str) -> HttpResponse:
    about = subjects.named(subject, reference, by=request.actor)
    form = ReportForm(sent(request), initial={"pointer": request.GET.get("at", "")[:300]})
    if form.is_valid():
        values = form.cleaned_data
        if carried_out(form, lambda: reporting.report(about, by=request.actor, **values)):
            return render(request, "moderation/reported.html", {"about": about})
    context = {"about": about, "form": form}
    return render(request, "moderation/report.html", context, status=400 if form.errors else 200)


@for_people
@require_safe
def queue(request: ActorRequest) -> HttpResponse:
    """What waits for a decision, the riskiest first."""
    request.actor.require(may_moderate, "the site")
    rows = Case.objects.open().riskiest_first().select_related("owner").prefetch_related("reports")
    wanted = request.GET.get("subject", "")
    if wanted in Case.Subject.values:
        rows = rows.filter(subject=wanted)
    appeals = Appeal.objects.filter(state=Appeal.State.OPEN)
    context = {
        "cases": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "subjects": Case.Subject.choices,
        "wanted": wanted,
        "waiting": Case.objects.filter(state=Case.State.WAITING).count(),
        "appeals": appeals.select_related("decision__case__owner"),
        "median": deciding.median_wait(),
        "tab": "queue",
    }
    return render(request, "moderation/queue.html", context)


@for_people
@require_safe
def closed(request: ActorRequest) -> HttpResponse:
    """What was decided, the latest first; and what waits for an owner."""
    request.actor.require(may_moderate, "the site")
    rows = Case.objects.exclude(state=Case.State.OPEN).order_by("-decided_at")
    rows = rows.select_related("owner").prefetch_related("decisions__made_by")
    context = {
        "cases": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tab": "closed",
    }
    return render(request, "moderation/closed.html", context)


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """One case: what speaks for looking, source, sandbox and page, and the form that decides."""
    request.actor.require(may_moderate, "the site")
    rows = Case.objects.select_related("owner", "algorithm__owner", "version", "review", "comment")
    found = get_object_or_404(rows, pk=case_id)
    form = DecisionForm(sent(request))
    actions = effects.available(found)
    form.fields["action"].choices = [(one.value, one.label) for one in actions]  # type: ignore[attr-defined]
    preview: list[dict[str, Any]] = []
    if form.is_valid():
        chosen, reason = form.cleaned_data["action"], form.cleaned_data["reason"]
        if "preview" in request.POST:
            preview = _letters(found, chosen, reason)
        elif carried_out(
            form, lambda: deciding.decide(found, by=request.actor, action=chosen, reason=reason)
        ):
            messages.success(request, _("Decided, and the parties are told."))
            return redirect("moderation:queue")
    context = _case_context(found, request.actor) | {"form": form, "preview": preview}
    return render(request, "moderation/case.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def decision(request: ActorRequest, decision_id: UUID) -> HttpResponse:
    """A decision for the owner it is about, who may appeal; also by the link of the letter."""
    rows = Decision.objects.select_related("case__owner", "case__algorithm__owner", "appeal")
    found = get_object_or_404(rows, pk=decision_id)
    actor = request.actor
    token = request.GET.get("letter", "")
    if letters.is_from_letter(token, found) and not actor.speaks_for(found.case.owner_id):
        actor = appealing.holder_of_letter(found.case.owner)
    if not may_see_decision(actor, found):
        raise NotFound(_("There is no such decision, or it is not about you."))
    may_appeal = actor.speaks_for(found.case.owner_id) and appealing.can_be_appealed(found)
    form = AppealForm(sent(request)) if may_appeal else None
    if form is not None and form.is_valid():
        text = form.cleaned_data["text"]
        if carried_out(form, lambda: appealing.appeal(found, by=actor, text=text)):
            messages.success(request, _("Your appeal has arrived. Somebody else will decide."))
            return redirect(letters.address(found))
    context = {
        "decision": found,
        "form": form,
        "appeal": getattr(found, "appeal", None),
        "consequence": letters.CONSEQUENCES[Decision.Action(found.action)],
        "is_theirs": actor.speaks_for(found.case.owner_id),
    }
    status = 400 if form is not None and form.errors else 200
    answer = render(request, "moderation/decision.html", context, status=status)
    answer["Cache-Control"] = "no-store, private"
    answer["Referrer-Policy"] = "same-origin"  # a form needs its origin told
    return answer


@for_people
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: ActorRequest, appeal_id: UUID) -> HttpResponse:
    """An appeal, for somebody of the staff who did not make the decision."""
    request.actor.require(may_moderate, "the site")
    rows = Appeal.objects.select_related("decision__case__owner", "decision__made_by")
    found = get_object_or_404(rows, pk=appeal_id)
    form = AnswerForm(sent(request)) if found.state == Appeal.State.OPEN else None
    if form is not None and form.is_valid():
        is_granted = form.cleaned_data["outcome"] == "granted"
        text = form.cleaned_data["text"]
        if carried_out(
            form,
            lambda: appealing.answer(found, by=request.actor, is_granted=is_granted, text=text),
        ):
            messages.success(request, _("Answered, and the owner is told."))
            return redirect("moderation:queue")
    context = {"appeal": found, "form": form, "tab": "queue"}
    status = 400 if form is not None and form.errors else 200
    return render(request, "moderation/appeal.html", context, status=status)


def _case_context(found: Case, actor: Actor) -> dict[str, Any]:
    seen = evidence.of(found, by=actor)
    version = seen.version if seen else found.version
    return {
        "case": found,
        "tab": "queue",
        "reports": found.reports.select_related("reporter"),
        "decisions": found.decisions.select_related("made_by", "appeal"),
        "evidence": seen,
        "readme": readme.render(found.algorithm.readme) if found.algorithm else "",
        "facts": facts.of(found.algorithm, version) if found.algorithm else [],
        "words": readme.render((found.review or found.comment).text)  # type: ignore[union-attr]
        if found.review or found.comment
        else "",
        "canned": deciding.CANNED,
        "is_own": found.owner_id in actor.owner_ids | actor.executes_for,
        "earlier": Case.objects.filter(owner=found.owner).exclude(pk=found.pk).count(),
    }


def _letters(found: Case, action: str, reason: str) -> list[dict[str, Any]]:
    shown = [{"to": _("To the owner"), "letter": letters.to_owner(found, action, reason)}]
    if found.reports.exists():
        told = letters.to_reporter(found, action)
        shown.append({"to": _("To whoever reported it"), "letter": told})
    return shown
