"""Budgets on a page: what bounds whom, how far each is used, and changing them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing import budgets
from billing.budgets import Subject
from billing.forms import AmountForm, BudgetForm
from billing.models import Budget, Usage
from billing.pages import section, viewed
from billing.permissions import may_set_budgets
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import APIKey, Membership, Owner
from marketplace.accounts.pages import for_people, sent
from marketplace.lib.errors import MarketplaceError

_MOST_CHOICES = 200


@for_people
@require_http_methods(["GET", "POST"])
def budget_list(request: ActorRequest) -> HttpResponse:
    """What is bounded now, and the form for another one."""
    owner = viewed(request)
    form = BudgetForm(sent(request), subjects=_subjects(owner), initial={"period": "month"})
    if form.is_valid():
        given = form.cleaned_data
        made = carried_out(
            form,
            lambda: budgets.create(
                owner,
                by=request.actor,
                subject=_subject(given["subject"]),
                period=given["period"],
                amount=given["amount"],
            ),
        )
        if made is not None:
            messages.success(request, _("The budget holds from now on."))
            return _back(request, owner)
    context = section(request, owner, "budgets") | {
        "rows": budgets.of(owner, by=request.actor),
        "form": form,
        "may_set": may_set_budgets(request.actor, owner),
    }
    return render(request, "billing/budgets.html", context, status=400 if form.errors else 200)


@for_people
@require_POST
def change(request: ActorRequest, budget_id: UUID) -> HttpResponse:
    budget = budgets.find(budget_id, by=request.actor)
    form = AmountForm(request.POST)
    if form.is_valid():
        budgets.change(budget, by=request.actor, amount=form.cleaned_data["amount"])
        messages.success(request, _("The budget is changed."))
    else:
        messages.error(request, str(form.errors["amount"][0]))
    return _back(request, budget.owner)


@for_people
@require_POST
def end(request: ActorRequest, budget_id: UUID) -> HttpResponse:
    budget = budgets.find(budget_id, by=request.actor)
    try:
        budgets.end(budget, by=request.actor)
        messages.success(request, _("The budget bounds nothing any more."))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return _back(request, budget.owner)


def _back(request: ActorRequest, owner: Owner) -> HttpResponse:
    return redirect(f"{reverse('billing:budgets')}{section(request, owner, '')['whose']}")


def _subjects(owner: Owner) -> list[tuple[str, str]]:
    """Everything, the keys, the people, and what the account has called lately."""
    found = [("account:", _("Everything the account pays"))]
    keys = APIKey.objects.usable().filter(owner=owner).order_by("label")[:_MOST_CHOICES]
    found += [(f"key:{key.pk}", _("Key: %(label)s") % {"label": key}) for key in keys]
    if owner.organization_id is not None:
        members = Membership.objects.filter(organization=owner.organization_id)
        members = members.exclude(role=Membership.Role.INVITED).select_related("user")
        names = [member.user.username for member in members.order_by("user__username")]
        found += [(f"member:{name}", _("Member: %(name)s") % {"name": name}) for name in names]
    called = Usage.objects.filter(payer=owner, parent_id__isnull=True).exclude(path="")
    paths = dict(called.values_list("algorithm_id", "path").distinct()[:_MOST_CHOICES])
    for algorithm_id, path in sorted(paths.items(), key=lambda item: item[1]):
        found.append((f"algorithm:{algorithm_id}", _("Algorithm: %(path)s") % {"path": path}))
    return found


def _subject(chosen: str) -> Subject:
    kind, _sep, value = chosen.partition(":")
    scope = Budget.Scope(kind)
    if scope == Budget.Scope.KEY:
        return Subject(scope, key_id=UUID(value))
    if scope == Budget.Scope.MEMBER:
        return Subject(scope, username=value)
    if scope == Budget.Scope.ALGORITHM:
        path = (
            Usage.objects.filter(algorithm_id=value).order_by("-at").values_list("path", flat=True)
        )
        return Subject(scope, algorithm_id=UUID(value), algorithm_path=path[0])
    return Subject()
