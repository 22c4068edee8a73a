"""Source code: look, change, save. The editor element speaks JSON, the plain form works without it."""

from __future__ import annotations

import base64
import mimetypes
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from rest_framework.response import Response

from algorithms import authoring, builds, dependencies_shown, repositories
from algorithms.models import Algorithm
from algorithms.pages import head_context, of_algorithm
from algorithms.permissions import may_edit, may_view_source
from algorithms.source_pages import SourceView
from marketplace.accounts.middleware import ActorRequest
from marketplace.api import errors
from marketplace.api.rest import APIRequest, json_object
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError, NotFound

SHOWN_BYTES: Final = 2 * 1024 * 1024
_PLAIN: Final = "text/plain; charset=utf-8"


@of_algorithm
@require_http_methods(["GET", "POST"])
def editor(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """All files at the newest commit; without JavaScript, one file at a time."""
    request.actor.require(may_view_source, algorithm)
    if request.method == "POST":
        return _saved(request, algorithm)
    commit = repositories.head(algorithm.pk)
    paths = [file.path for file in repositories.tree(algorithm.pk, commit) if file.is_plain]
    path = request.GET.get("file") or _main_file(algorithm, paths)
    context = {
        **head_context(algorithm, request.actor),
        "commit": commit,
        "paths": paths,
        "path": path,
        "line": _line(request),
        "text": _text(algorithm, commit, path) if path in paths else "",
        "requirements": dependencies_shown.file_of(algorithm),
        "base": reverse("catalog:algorithm", args=[algorithm.owner.name, algorithm.name]),
    }
    return render(request, "algorithms/editor.html", context)


@of_algorithm
@require_http_methods(["GET", "POST"])
def dependencies(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """The requirements file, in a box of its own."""
    request.actor.require(may_edit, algorithm)
    path = dependencies_shown.file_of(algorithm)
    commit = repositories.head(algorithm.pk)
    context = {
        **head_context(algorithm, request.actor),
        "path": path,
        "commit": commit,
        "environment": algorithm.environment,
        "locked": dependencies_shown.locked_packages(algorithm),
        "locked_by": dependencies_shown.last_locked_build(algorithm),
    }
    if request.method == "GET":
        context["text"] = _text(algorithm, commit, path)
        return render(request, "algorithms/dependencies.html", context)
    text = _unix(request.POST.get("text", ""))
    parent = request.POST.get("parent") or None
    try:
        authoring.save_files(
            algorithm, by=request.actor, changes={path: text.encode()}, parent=parent
        )
    except MarketplaceError as error:
        context |= {"text": text, "problem": error.message}
        return render(request, "algorithms/dependencies.html", context, status=error.status)
    messages.success(request, _("Dependencies saved; they are installed with the next build."))
    return redirect("algorithms:editor", algorithm.owner.name, algorithm.name)


class FilesView(SourceView):
    def get(self, request: APIRequest, **_: object) -> Response:
        commit = self.commit(request)
        files = [
            {"path": file.path, "size": file.size}
            for file in repositories.tree(self.algorithm.pk, commit)
            if file.is_plain
        ]
        return Response({"commit": commit, "files": files})

    def post(self, request: APIRequest, **_: object) -> Response:
        """Save changes on top of `parent`; 409 with the newest commit if somebody was faster."""
        body = json_object(request, required=["changes"])
        parent = body.get("parent")
        try:
            commit = authoring.save_files(
                self.algorithm,
                by=request.actor,
                changes=_changes(body["changes"]),
                message=str(body.get("message") or ""),
                parent=None if parent is None else str(parent),
            )
        except Conflict as conflict:
            newest = repositories.head(self.algorithm.pk)
            return Response({**errors.body_of(conflict), "commit": newest}, status=409)
        return Response({"commit": commit})


class FileView(SourceView):
    def get(self, request: APIRequest, path: str, **_: object) -> HttpResponse:
        """A file's bytes; as plain text, or as a download where it is none."""
        content = repositories.read(self.algorithm.pk, self.commit(request), path)
        answer = HttpResponse(content, content_type=_PLAIN)
        if not _is_text(content):
            answer["Content-Type"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
            answer["Content-Disposition"] = "attachment"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _saved(request: ActorRequest, algorithm: Algorithm) -> HttpResponse:
    """What the plain form sent: one file, and perhaps the wish to build it."""
    path = request.POST.get("path", "").strip()
    removed = request.POST.get("action") == "remove"
    content = None if removed else _unix(request.POST.get("text", "")).encode()
    parent = request.POST.get("parent") or None
    commit = authoring.save_files(
        algorithm,
        by=request.actor,
        changes={path: content},
        message=request.POST.get("message", ""),
        parent=parent,
    )
    place = (algorithm.owner.name, algorithm.name)
    if request.POST.get("action") == "build":
        build = builds.start(algorithm, by=request.actor, commit=commit)
        return redirect("algorithms:build", *place, build.pk)
    messages.success(request, _("Saved as %(commit)s.") % {"commit": commit[:8]})
    address = reverse("algorithms:editor", args=place)
    return redirect(address if removed else f"{address}?file={path}")


def _changes(given: Any) -> dict[str, bytes | None]:  # noqa: ANN401 - JSON of a stranger
    if not isinstance(given, dict):
        raise _odd_changes()
    return {path: _content(content) for path, content in given.items()}


def _content(given: Any) -> bytes | None:  # noqa: ANN401 - JSON of a stranger
    if given is None:
        return None
    if isinstance(given, str):
        return given.encode("utf-8", "replace")
    if not isinstance(given, dict) or not isinstance(given.get("base64"), str):
        raise _odd_changes()
    try:
        return base64.b64decode(given["base64"], validate=True)
    except ValueError:
        raise _odd_changes() from None


def _odd_changes() -> BadInput:
    return BadInput(
        _(
            'changes is an object of paths with their new text, with {"base64": …} for bytes, or '
            "with null to remove."
        )
    )


def _line(request: ActorRequest) -> int:
    """Where a link from a log leads; 0 for the beginning."""
    text = request.GET.get("line", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _main_file(algorithm: Algorithm, paths: list[str]) -> str:
    named = [path for path in paths if path.rpartition("/")[2].startswith(f"{algorithm.name}.")]
    return next(iter(named or paths), "")


def _text(algorithm: Algorithm, commit: str, path: str) -> str:
    try:
        content = repositories.read(algorithm.pk, commit, path, limit=SHOWN_BYTES)
    except NotFound:
        return ""
    return content.decode() if _is_text(content) else ""


def _is_text(content: bytes) -> bool:
    try:
        return b"\0" not in content and content.decode() is not None
    except UnicodeDecodeError:
        return False


def _unix(text: str) -> str:
    """A browser's form sends lines as on Windows."""
    return text.replace("\r\n", "\n")
