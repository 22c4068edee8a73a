"""What the editor asks while one types: mistakes, packages, places in files, tests. All JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from django.utils.translation import gettext as _
from rest_framework.response import Response

from algorithms import dependencies_shown, diagnostics, history, repositories, unit_testing
from algorithms.permissions import may_edit
from algorithms.source_pages import SourceView
from marketplace.api.rest import APIRequest, json_object
from marketplace.lib.errors import BadInput, Conflict
from runners import toolchains

_OFFERED: Final = 40


class CheckView(SourceView):
    def post(self, request: APIRequest, **_names: object) -> Response:
        """Look at the text of one Python file as it stands in the editor."""
        request.actor.require(may_edit, self.algorithm)
        body = json_object(request, required=["path"])
        texts = [body.get("text", ""), body.get("requirements", "")]
        paths = body.get("paths") or []
        if not all(isinstance(text, str) for text in texts) or not isinstance(paths, list):
            raise BadInput(_("text and requirements are texts, paths is a list of paths."))
        findings = diagnostics.check(
            texts[0],
            python=dependencies_shown.python_of(self.algorithm),
            modules={_top_module(str(path)) for path in paths},
            requirements=texts[1],
            locked=dependencies_shown.last_lock(self.algorithm),
        )
        return Response({"findings": [asdict(finding) for finding in findings]})


class PackagesView(SourceView):
    def get(self, request: APIRequest, **_names: object) -> Response:
        """The versions of a package that this algorithm's environment can install, newest first."""
        request.actor.require(may_edit, self.algorithm)
        name = request.query_params.get("name", "").strip()
        found = toolchains.versions_of(
            name,
            language=self.algorithm.environment.language,
            release=dependencies_shown.python_of(self.algorithm),
        )
        return Response({"name": name, "versions": found[:_OFFERED], "count": len(found)})


class SearchView(SourceView):
    def get(self, request: APIRequest, **_names: object) -> Response:
        found = history.find_text(
            self.algorithm.pk, self.commit(request), request.query_params.get("q", "")
        )
        return Response({"places": [asdict(place) for place in found]})


class TestsView(SourceView):
    def post(self, request: APIRequest, **_names: object) -> Response:
        """Run the unit tests of the newest good build of a commit, and wait for the report."""
        body = json_object(request, may_be_empty=True)
        commit = repositories.resolve(
            self.algorithm.pk, str(body.get("commit") or repositories.head(self.algorithm.pk))
        )
        builds = self.algorithm.builds.filter(commit=commit).succeeded()
        build = builds.select_related("algorithm__owner", "environment", "dependencies").first()
        if build is None:
            raise Conflict(
                _("%(commit)s is not built yet; build it, then run its tests.")
                % {"commit": commit[:8]}
            )
        return Response(unit_testing.run(build, by=request.actor))


def _top_module(path: str) -> str:
    """`src/words/count.py` can be imported as `words`, `lib.py` as `lib`."""
    inside = path.removeprefix("src/")
    return inside.partition("/")[0].removesuffix(".py")
