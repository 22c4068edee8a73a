"""The publish dialog: what has changed, what it promises, and its number."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from algorithms import publishing, repositories
from algorithms.forms import PublishForm
from algorithms.models import Algorithm, Version
from algorithms.pages import head_context, of_algorithm
from algorithms.permissions import may_publish, may_publish_for_everyone
from algorithms.publishing import Plan
from algorithms.repositories import Commit
from algorithms.terms import terms_in_words
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import sent
from marketplace.lib.errors import MarketplaceError

_PLANNED: Final = ("callability", "royalty_microcredits", "sample_input")


@of_algorithm
@require_http_methods(["GET", "POST"])
def publish(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_publish, algorithm)
    newest = algorithm.versions.select_related("build").newest_first().first()
    form = PublishForm(
        sent(request),
        algorithm=algorithm,
        newest=newest,
        may_be_public=may_publish_for_everyone(request.actor, algorithm),
    )
    if form.is_valid():
        wanted = form.wanted()
        version = carried_out(
            form, lambda: publishing.publish(algorithm, by=request.actor, **wanted)
        )
        if version is not None:
            messages.success(request, f"{version} is published.")
            return redirect("catalog:algorithm", algorithm.owner.name, algorithm.name)
    plan, problem = _plan(request, algorithm, form)
    commits = _commits(algorithm, newest, plan)
    if not form.is_bound:
        form.initial["release_notes"] = "\n".join(f"- {commit.summary}" for commit in commits)
    context = {
        **head_context(algorithm, request.actor),
        "form": form,
        "plan": plan,
        "problem": problem,
        "commits": commits,
        "terms": terms_in_words(plan.terms) if plan else [],
    }
    status = 400 if form.errors else 200
    return render(request, "algorithms/publish.html", context, status=status)


def _plan(
    request: ActorRequest, algorithm: Algorithm, form: PublishForm
) -> tuple[Plan | None, str]:
    """What publishing would do with what the form holds, or why it cannot be done."""
    chosen = {"callability": form.fields["callability"].initial}
    if form.is_bound and not form.errors:
        chosen = {name: value for name, value in form.wanted().items() if name in _PLANNED}
    try:
        return publishing.planned(algorithm, by=request.actor, **chosen), ""
    except MarketplaceError as error:
        return None, error.message


def _commits(algorithm: Algorithm, newest: Version | None, plan: Plan | None) -> list[Commit]:
    """What has been committed since the version before."""
    if plan is None:
        return []
    since = newest.build.commit if newest is not None else ""
    try:
        found = repositories.log(algorithm.pk, since=since, until=plan.build.commit)
    except MarketplaceError:  # the history was rewritten, or the version is older than it
        return []
    return [commit for commit in found if commit.id != since]
