"""The pages of collections: what I have, what is in one, and who may read it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from data_collections import (
    collecting,
    files,
    mentions,
    previews,
    quotas,
    responses,
    resuming,
)
from data_collections.files import Promise
from data_collections.forms import IN_WORDS, AccessForm, NewCollectionForm
from data_collections.listing import list_folder
from data_collections.locating import collection_at
from data_collections.models import Collection
from data_collections.permissions import may_change_who_reads, may_delete, may_write_to
from data_collections.quotas import Usage
from data_collections.uris import DataPath, Place, checked_file_name
from marketplace.accounts.actors import Actor
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.accounts.pages import for_people, sent
from marketplace.accounts.uploads import takes_files
from marketplace.lib.errors import MarketplaceError

FILES_PER_PAGE: Final = 200


@for_people
@require_http_methods(["GET", "POST"])
def collections(request: ActorRequest) -> HttpResponse:
    """List mine and my organizations', and make a new one."""
    form = NewCollectionForm(sent(request), actor=request.actor)
    if form.is_valid():
        given = form.cleaned_data
        made = carried_out(
            form,
            lambda: collecting.create(
                given["owner"], by=request.actor, name=given["name"], read_access=form.access()
            ),
        )
        if made is not None:
            messages.success(
                request, _("%(name)s is ready. Drop your files into it.") % {"name": made}
            )
            return redirect("collections:collection", made.owner.name, made.name)
    context = {"form": form, "groups": _groups(request.actor), "stores": _stores(request.actor)}
    return render(request, "collections/list.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(lambda: settings.MAX_FILE_BYTES + 1)
def collection(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    """Show the files; a POST is an upload from a page without JavaScript."""
    path = DataPath(Place.COLLECTION, owner, name)
    if request.method == "POST":
        _upload(request, path)
        return redirect("collections:collection", owner, name)
    marker = request.GET.get("marker", "")
    listing = list_folder(path, by=request.actor, marker=marker, limit=FILES_PER_PAGE)
    shown = collection_at(path, request.actor)
    is_writer = may_write_to(request.actor, shown)
    totals = shown.files.aggregate(count=Count("pk"), size=Sum("size"))
    context = {
        "collection": shown,
        "files": listing.files,
        "unfinished": resuming.unfinished(shown, by=request.actor) if is_writer else [],
        "marker": listing.marker,
        "is_first_page": not marker,
        "file_count": totals["count"],
        "size": totals["size"] or 0,
        "is_writer": is_writer,
        "usage": quotas.usage(shown.owner, by=request.actor) if is_writer else None,
        "largest": settings.MAX_FILE_BYTES,
        "access_in_words": IN_WORDS[Collection.ReadAccess(shown.read_access)],
        "access_form": AccessForm(initial={"read_access": shown.read_access}),
        "may_change": may_change_who_reads(request.actor, shown),
    }
    return render(request, "collections/collection.html", context)


@require_safe
def download(request: ActorRequest, owner: str, name: str, file: str) -> HttpResponseBase:
    path = DataPath(Place.COLLECTION, owner, name, file=checked_file_name(file))
    return responses.answer(request, files.find(path, by=request.actor))


@require_safe
def file(request: ActorRequest, owner: str, name: str, file: str) -> HttpResponse:
    """What a file looks like, where it is, and the line of code that loads it."""
    path = DataPath(Place.COLLECTION, owner, name, file=checked_file_name(file))
    found = files.find(path, by=request.actor)
    context = {
        "file": found,
        "collection": found.collection,
        "preview": previews.of(found),
        "is_writer": may_write_to(request.actor, found.collection),
    }
    return render(request, "collections/file.html", context)


@require_safe
def picture(request: ActorRequest, owner: str, name: str, file: str) -> HttpResponse:
    """The picture in a file, drawn anew: what was uploaded itself is only ever downloaded."""
    path = DataPath(Place.COLLECTION, owner, name, file=checked_file_name(file))
    answer = HttpResponse(
        previews.picture(files.find(path, by=request.actor)), content_type="image/webp"
    )
    answer["Cache-Control"] = "private, max-age=60"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@for_people
@require_POST
def discard(request: ActorRequest, owner: str, name: str, upload_id: UUID) -> HttpResponse:
    """Give up an upload that nobody goes on with."""
    resuming.discard(upload_id, by=request.actor)
    messages.success(request, _("The unfinished upload is discarded."))
    return redirect("collections:collection", owner, name)


@for_people
@require_POST
def access(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    shown = collection_at(DataPath(Place.COLLECTION, owner, name), request.actor)
    form = AccessForm(request.POST)
    if form.is_valid():
        collecting.change_access(shown, by=request.actor, read_access=form.access())
        messages.success(request, _("From now on: %(words)s") % {"words": IN_WORDS[form.access()]})
    return redirect("collections:collection", owner, name)


@for_people
@require_http_methods(["GET", "POST"])
def delete(request: ActorRequest, owner: str, name: str) -> HttpResponse:
    shown = collection_at(DataPath(Place.COLLECTION, owner, name), request.actor)
    request.actor.require(may_delete, shown)
    if request.method == "POST":
        count = collecting.delete(shown, by=request.actor, with_files=True)
        text = _("%(name)s is deleted; %(count)s files went with it.")
        messages.success(request, text % {"name": shown, "count": count})
        return redirect("collections:list")
    totals = shown.files.aggregate(count=Count("pk"), size=Sum("size"))
    context = {
        "collection": shown,
        "file_count": totals["count"],
        "size": totals["size"] or 0,
        "mentions": mentions.of(shown.owner, str(shown), request.actor),
    }
    return render(request, "collections/delete.html", context)


@for_people
@require_http_methods(["GET", "POST"])
def delete_file(request: ActorRequest, owner: str, name: str, file: str) -> HttpResponse:
    path = DataPath(Place.COLLECTION, owner, name, file=checked_file_name(file))
    found = files.find(path, by=request.actor)
    request.actor.require(may_write_to, found.collection)
    if request.method == "POST":
        files.delete(path, by=request.actor)
        messages.success(request, _("%(name)s is deleted.") % {"name": path})
        return redirect("collections:collection", owner, name)
    named = mentions.of(found.collection.owner, str(found), request.actor)
    context = {"file": found, "collection": found.collection, "mentions": named}
    return render(request, "collections/delete_file.html", context)


def _upload(request: ActorRequest, folder: DataPath) -> None:
    """Store what the form brought; say of each file whether it is there."""
    sent_files = request.FILES.getlist("file")
    if not sent_files:
        messages.error(request, _("No file was chosen, so nothing was stored."))
    for upload in sent_files:
        promise = Promise(length=upload.size, content_type=upload.content_type or "")
        try:
            name = checked_file_name(upload.name or "")
            there = DataPath(Place.COLLECTION, folder.owner, folder.name, file=name)
            stored = files.put(there, upload, by=request.actor, promise=promise)
        except MarketplaceError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("%(name)s is stored.") % {"name": stored})


def _groups(actor: Actor) -> list[tuple[Owner, list[Collection], Usage]]:
    """Each owner with their collections, myself first."""
    owners = Owner.objects.filter(pk__in=actor.owner_ids).select_related("organization", "user")
    mine = Collection.objects.readable_by(actor).filter(owner__in=actor.owner_ids)
    counted = mine.annotate(file_count=Count("files"), size=Sum("files__size"))
    rows = list(counted.select_related("owner").order_by("name"))
    ordered = sorted(owners, key=lambda owner: (owner.pk != actor.owner_id, owner.name.lower()))
    return [
        (
            owner,
            [row for row in rows if row.owner_id == owner.pk],
            quotas.usage(owner, by=actor),
        )
        for owner in ordered
    ]


def _stores(actor: Actor) -> list[Collection]:
    """What algorithms keep for me."""
    stores = Collection.objects.filter(
        owner=actor.owner_id,
        store__in=(Collection.Store.ALGORITHM_TEMP, Collection.Store.ALGORITHM_PERM),
    )
    counted = stores.annotate(file_count=Count("files"), size=Sum("files__size"))
    return list(counted.select_related("owner").order_by("store_key", "store"))
