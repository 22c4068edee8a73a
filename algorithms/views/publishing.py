"""The publish dialog: what has changed, whether it works, what it promises, and its number."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from algorithms import approvals, history, publications, publishing, repositories
from algorithms.dating import SampleFailed
from algorithms.gates import setting, verdict
from algorithms.history import FileChange
from algorithms.models import Algorithm, Version
from algorithms.offers import EXAMPLE_CALLS, Offer
from algorithms.pages import head_context, in_json, json_answer, of_algorithm, wants_json
from algorithms.permissions import may_publish, may_publish_for_everyone
from algorithms.publish_form import PublishForm
from algorithms.publishing import Plan
from algorithms.repositories import Commit
from algorithms.terms import terms_in_words
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import sent
from marketplace.lib.errors import BadInput, MarketplaceError
from marketplace.lib.semver import Part

_PLANNED: Final = (
    "callability",
    "royalty_microcredits",
    "sample_input",
    "network_access",
    "may_call_others",
    "keeps_insights",
)


@dataclass(frozen=True, slots=True)
class _Since:
    """What has happened in the repository since the version before."""

    commits: tuple[Commit, ...] = ()
    files: tuple[FileChange, ...] = ()


@of_algorithm
@require_http_methods(["GET", "POST"])
def publish(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_publish, algorithm)
    newest = algorithm.versions.select_related("build").newest_first().first()
    form = _form(request, algorithm, newest)
    day = None
    if form.is_valid():
        try:
            if publications.has_gate(algorithm):
                return _at_the_gate(request, algorithm, form)
            version = publishing.publish(algorithm, by=request.actor, **form.wanted())
            return _published(request, version)
        except MarketplaceError as error:
            form.add_error(None, error.message)
            day = error.day if isinstance(error, SampleFailed) else None
    plan, problem = _plan(request, algorithm, form)
    since = _since(algorithm, newest, plan)
    if not form.is_bound:
        _prefill(form, since, plan)
    context = {
        **head_context(algorithm, request.actor),
        "form": form,
        "plan": plan,
        "problem": problem,
        "since": since,
        "newest": newest,
        "dated": day,
        "terms": terms_in_words(plan.terms) if plan else [],
        "waits": plan is not None and _waits(request, algorithm, plan),
        "offer": Offer(plan.terms.royalty_microcredits) if plan else None,
        "example_calls": EXAMPLE_CALLS,
        "gate": setting.of(algorithm, by=request.actor),
    }
    status = 400 if form.errors else 200
    return render(request, "algorithms/publish.html", context, status=status)


@in_json
@of_algorithm
@require_safe
def plan(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """What publishing with these choices would mean, for the dialog while one chooses."""
    request.actor.require(may_publish, algorithm)
    newest = algorithm.versions.newest_first().first()
    form = PublishForm(
        request.GET.copy(),
        algorithm=algorithm,
        newest=newest,
        may_be_public=may_publish_for_everyone(request.actor, algorithm),
    )
    form.fields["accepts_terms"].required = False
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for found in form.errors.values() for error in found))
    chosen = {name: value for name, value in form.wanted().items() if name in _PLANNED}
    found = publishing.planned(algorithm, by=request.actor, **chosen)
    return json_answer(_plan_json(found) | {"waits": _waits(request, algorithm, found)})


def _form(request: ActorRequest, algorithm: Algorithm, newest: Version | None) -> PublishForm:
    return PublishForm(
        sent(request),
        algorithm=algorithm,
        newest=newest,
        may_be_public=may_publish_for_everyone(request.actor, algorithm),
    )


def _published(request: ActorRequest, version: Version) -> HttpResponse:
    """Lead to its page. A dialog is told where: if it followed, it would use up the message."""
    algorithm = version.algorithm
    messages.success(request, _outcome(version) % {"version": version, "owner": algorithm.owner})
    place = reverse("catalog:algorithm", args=[algorithm.owner.name, algorithm.name])
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": place})
    return redirect(place)


def _at_the_gate(request: ActorRequest, algorithm: Algorithm, form: PublishForm) -> HttpResponse:
    """Leave the scoring to a task, and show how far it is."""
    row = publications.start(algorithm, by=request.actor, **form.wanted())
    place = reverse("algorithms:publication", args=[algorithm.owner.name, algorithm.name, row.pk])
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": place})
    return redirect(place)


@in_json
@of_algorithm
@require_safe
def publication(request: ActorRequest, algorithm: Algorithm, publication_id: UUID) -> HttpResponse:
    """How far a publish is that has to pass a gate: a page, and the same for its script."""
    row = publications.of(algorithm, publication_id, by=request.actor)
    if wants_json(request):
        return json_answer(publications.as_json(row))
    context = {**head_context(algorithm, request.actor), "row": row}
    if row.evaluation is not None:
        context["report"] = verdict.report(row.evaluation)
        context["problems"] = list(verdict.problems(row.evaluation))
    return render(request, "algorithms/publication.html", context)


def _outcome(version: Version) -> str:
    if version.approval != Version.Approval.WAITING:
        return _("%(version)s is published.")
    return _(
        "%(version)s is published for the members of %(owner)s. Everyone may call it once an "
        "administrator of %(owner)s has approved it; they have been told."
    )


def _waits(request: ActorRequest, algorithm: Algorithm, plan: Plan) -> bool:
    """Whether somebody else has to approve it before everyone may call it."""
    state = approvals.state_of_new(algorithm, plan.terms, by=request.actor)
    return state == Version.Approval.WAITING


def _plan(
    request: ActorRequest, algorithm: Algorithm, form: PublishForm
) -> tuple[Plan | None, str]:
    """What publishing would do with what the form holds, or why it cannot be done."""
    chosen: dict[str, Any] = {"callability": form.fields["callability"].initial}
    if form.is_bound and not form.errors:
        chosen = {name: value for name, value in form.wanted().items() if name in _PLANNED}
    try:
        return publishing.planned(algorithm, by=request.actor, **chosen), ""
    except MarketplaceError as error:
        return None, error.message


def _plan_json(plan: Plan) -> dict[str, object]:
    offer = Offer(plan.terms.royalty_microcredits)
    return {
        "first": plan.newest is None,
        "smallest": plan.smallest.value,
        "numbers": {part.value: str(plan.number(part)) for part in Part},
        "allowed": [part.value for part in plan.parts],
        "reasons": plan.reasons,
        "differences": [asdict(difference) for difference in plan.differences],
        "terms": terms_in_words(plan.terms),
        "royalty": offer.price_text if offer.royalty else "",
        "share": offer.share_text,
        "example": offer.example_text,
    }


def _prefill(form: PublishForm, since: _Since, plan: Plan | None) -> None:
    form.initial["release_notes"] = "\n".join(f"- {commit.summary}" for commit in since.commits)
    if plan is not None and plan.newest is not None:
        suggested = max(plan.smallest, Part.MINOR, key=list(reversed(Part)).index)
        is_small = plan.smallest is Part.REVISION and len(since.commits) == 0
        form.initial["part"] = Part.REVISION.value if is_small else suggested.value


def _since(algorithm: Algorithm, newest: Version | None, plan: Plan | None) -> _Since:
    """Commits, newest first, and files that differ; nothing where the history was rewritten."""
    if plan is None:
        return _Since()
    since = newest.build.commit if newest is not None else ""
    try:
        found = repositories.log(algorithm.pk, since=since, until=plan.build.commit)
        files = history.changed_files(algorithm.pk, since, plan.build.commit)
    except MarketplaceError:  # the version is older than the history
        return _Since()
    commits = tuple(commit for commit in found if commit.id != since)
    return _Since(commits, tuple(files))
