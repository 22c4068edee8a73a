"""An algorithm's settings, its secrets, and its end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from algorithms import algorithm_secrets, authoring, gallery, moving, tagging
from algorithms.algorithm_secrets import Given
from algorithms.forms import MoveForm, SettingsForm
from algorithms.models import Algorithm
from algorithms.pages import head_context, of_algorithm
from algorithms.permissions import may_delete, may_edit
from marketplace.accounts.actors import Actor
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.pages import sent
from marketplace.lib.errors import BadInput, MarketplaceError, NotFound


@of_algorithm
@require_http_methods(["GET", "POST"])
def settings(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_edit, algorithm)
    form = SettingsForm(sent(request), algorithm=algorithm)
    changed = None
    if form.is_valid():
        changed = carried_out(form, lambda: _change(algorithm, form, request.actor))
    if changed is not None:
        messages.success(request, _("Saved."))
        return redirect("algorithms:settings", algorithm.owner.name, algorithm.name)
    context = {
        **head_context(algorithm, request.actor),
        "form": form,
        "images": algorithm.images.defer("content", "thumbnail"),
        "most_images": gallery.MOST_IMAGES,
        "stakes": moving.stakes_of(algorithm),
        "move_form": MoveForm(algorithm=algorithm, actor=request.actor),
    }
    status = 400 if form.errors else 200
    return render(request, "algorithms/settings.html", context, status=status)


@of_algorithm
@require_http_methods(["GET", "POST"])
def secrets(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """What its sandboxes find in their environment; values go in and never come out."""
    request.actor.require(may_edit, algorithm)
    problem, status = "", 200
    if request.method == "POST":
        try:
            _keep_secret(request, algorithm)
            return redirect("algorithms:secrets", algorithm.owner.name, algorithm.name)
        except MarketplaceError as error:
            problem, status = error.message, error.status
    context = {
        **head_context(algorithm, request.actor),
        "secrets": algorithm_secrets.listed(algorithm, by=request.actor),
        "most": algorithm_secrets.MAX_SECRETS,
        "problem": problem,
        "given": request.POST if problem else {},
    }
    return render(request, "algorithms/secrets.html", context, status=status)


@of_algorithm
@require_POST
def remove_secret(request: ActorRequest, algorithm: Algorithm, secret_id: UUID) -> HttpResponse:
    request.actor.require(may_edit, algorithm)
    secret = algorithm.secrets.select_related("algorithm").filter(pk=secret_id).first()
    if secret is None:
        raise NotFound(f"{algorithm} has no such secret.")
    algorithm_secrets.remove(secret, by=request.actor)
    messages.success(request, _("%(name)s is gone.") % {"name": secret.secret_key})
    return redirect("algorithms:secrets", algorithm.owner.name, algorithm.name)


@of_algorithm
@require_POST
def move(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """Give it another name or owner."""
    request.actor.require(may_delete, algorithm)
    form = MoveForm(request.POST, algorithm=algorithm, actor=request.actor)
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for found in form.errors.values() for error in found))
    moved = moving.move(algorithm, by=request.actor, **form.cleaned_data)
    messages.success(request, _("It is %(algorithm)s from now on.") % {"algorithm": moved})
    return redirect("algorithms:settings", moved.owner.name, moved.name)


@of_algorithm
@require_POST
def delete(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """Delete it, if whoever asks has written its name."""
    request.actor.require(may_delete, algorithm)
    if request.POST.get("confirmed_name", "").strip() != algorithm.name:
        raise BadInput(f"To delete {algorithm}, write its name, {algorithm.name}, in the box.")
    authoring.delete(algorithm, by=request.actor)
    messages.success(request, _("%(algorithm)s is deleted.") % {"algorithm": algorithm})
    return redirect("algorithms:dashboard")


def _change(algorithm: Algorithm, form: SettingsForm, actor: Actor) -> Algorithm:
    changes = dict(form.cleaned_data)
    tags = tagging.read(changes.pop("tags"))
    changed = authoring.update(algorithm, by=actor, **changes)
    tagging.put(algorithm, tags, by=actor)
    return changed


def _keep_secret(request: ActorRequest, algorithm: Algorithm) -> None:
    """Make a secret, or give one that is there another value."""
    key, value = request.POST.get("secret_key", "").strip(), request.POST.get("value", "")
    given = Given(
        short_name=request.POST.get("short_name", "").strip() or key,
        secret_key=key,
        value=value,
        description=request.POST.get("description", ""),
    )
    known = algorithm.secrets.select_related("algorithm").filter(secret_key=key).first()
    if known is None:
        algorithm_secrets.create(algorithm, given, by=request.actor)
        messages.success(request, _("%(name)s is kept.") % {"name": key})
        return
    algorithm_secrets.change(known, Given(value=value), by=request.actor)
    messages.success(request, _("%(name)s has its new value.") % {"name": key})
