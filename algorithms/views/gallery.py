"""An algorithm's pictures: served to whoever sees its page, changed by its owner's people."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from algorithms import gallery, resolving
from algorithms.models import Algorithm, AlgorithmImage
from algorithms.pages import of_algorithm
from algorithms.permissions import may_edit
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.uploads import takes_files
from marketplace.lib.errors import BadInput, MarketplaceError, NotFound


@require_safe
def image(request: ActorRequest, owner: str, name: str, image_id: UUID) -> HttpResponse:
    """One picture; with `?size=small` as it is on a card. It never changes, so it is kept for long."""
    algorithm = resolving.find(owner, name, by=request.actor)
    found = _image_of(algorithm, image_id)
    content = found.thumbnail if request.GET.get("size") == "small" else found.content
    scope = "public" if algorithm.is_public else "private"
    return HttpResponse(
        bytes(content),
        content_type="image/webp",
        headers={
            "Cache-Control": f"{scope}, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


@of_algorithm
@require_POST
@takes_files(lambda: gallery.MOST_BYTES + 1)
def add(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    request.actor.require(may_edit, algorithm)
    sent = request.FILES.get("image")
    try:
        if sent is None:
            raise BadInput(_("Choose a picture first."))
        content = sent.read(gallery.MOST_BYTES + 1)
        described = request.POST.get("description", "")
        gallery.add(algorithm, content, by=request.actor, description=described)
        messages.success(request, _("The picture is on the page now."))
    except MarketplaceError as error:
        messages.error(request, error.message)
    return _back(algorithm)


@of_algorithm
@require_POST
def change(request: ActorRequest, algorithm: Algorithm, image_id: UUID) -> HttpResponse:
    """Move a picture, describe it, or remove it."""
    request.actor.require(may_edit, algorithm)
    found = _image_of(algorithm, image_id)
    action = request.POST.get("action", "")
    try:
        if action == "remove":
            gallery.remove(found, by=request.actor)
        elif action in ("earlier", "later"):
            gallery.move(found, by=request.actor, forward=action == "later")
        else:
            described = request.POST.get("description", "")
            gallery.describe(found, by=request.actor, description=described)
    except MarketplaceError as error:
        messages.error(request, error.message)
    return _back(algorithm)


def _image_of(algorithm: Algorithm, image_id: UUID) -> AlgorithmImage:
    found = algorithm.images.select_related("algorithm").filter(pk=image_id).first()
    if found is None:
        raise NotFound(_("%(algorithm)s has no such picture.") % {"algorithm": algorithm})
    return found


def _back(algorithm: Algorithm) -> HttpResponse:
    place = redirect("algorithms:settings", algorithm.owner.name, algorithm.name)
    place["Location"] += "#gallery"
    return place
