"""Algorithmia's environments, templates and repository hosts."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from algorithms import environments as states
from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.compat.algorithm_bodies import UNKNOWN_LANGUAGE, UNKNOWN_SCM
from marketplace.compat.algorithm_json import INTERNAL_SCM
from marketplace.lib.errors import BadInput, NotFound
from runners import languages
from runners.languages import Language
from runners.models import Environment

TOKEN_MISSING: Final = 4008


class LanguagesView(ActorAPIView):
    def get(self, _request: APIRequest) -> Response:
        offered = Environment.objects.offered().values_list("language", flat=True)
        return Response([_language(languages.get(name)) for name in sorted(set(offered))])


class LanguageEnvironmentsView(ActorAPIView):
    def get(self, _request: APIRequest, language: str) -> Response:
        if language not in languages.names():
            raise NotFound(
                f"The language {language[:60]} is not known here.", wire_code=UNKNOWN_LANGUAGE
            )
        offered = Environment.objects.offered().filter(language=language)
        return Response({"environments": [_environment(row) for row in offered]})


class AvailableView(ActorAPIView):
    """Everything the runners have, offered or not."""

    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_see_all_environments, "all environments")
        present = Environment.objects.filter(is_present=True).order_by("slug")
        return Response([_environment(row) for row in present])


class TemplateView(ActorAPIView):
    """What a new algorithm starts from, for those who work elsewhere."""

    def get(self, _request: APIRequest, specification_id: UUID) -> HttpResponseBase:
        row = _of_specification(specification_id)[0]
        return HttpResponse(
            languages.archive(row.language),
            content_type="application/gzip",
            headers={"Content-Disposition": 'attachment; filename="template.tar.gz"'},
        )


class SpecificationView(ActorAPIView):
    """A language and version on all kinds of machine, for administrators to withdraw."""

    def delete(self, request: APIRequest, specification_id: UUID) -> Response:
        request.actor.require(may_see_all_environments, "environments")
        for row in _of_specification(specification_id):
            states.move(row, by=request.actor, state=Environment.State.RETIRED)
        return Response(status=204)


class SyncsView(ActorAPIView):
    """The same, to be offered again to those who write something new."""

    def post(self, request: APIRequest, specification_id: UUID) -> Response:
        request.actor.require(may_see_all_environments, "environments")
        rows = [
            states.move(row, by=request.actor, state=Environment.State.OFFERED)
            for row in _of_specification(specification_id)
        ]
        return Response({"environments": [_environment(row) for row in rows]})


def _of_specification(specification_id: UUID) -> list[Environment]:
    rows = list(Environment.objects.filter(specification_id=specification_id).order_by("slug"))
    if not rows:
        raise NotFound("There is no such environment specification here.")
    return rows


class ScmsView(ActorAPIView):
    def get(self, _request: APIRequest) -> Response:
        return Response({"results": [INTERNAL_SCM]})


class ScmView(ActorAPIView):
    def get(self, _request: APIRequest, scm_id: str) -> Response:
        _check_scm(scm_id)
        return Response(INTERNAL_SCM)


class ScmStatusView(ActorAPIView):
    def get(self, _request: APIRequest, scm_id: str) -> Response:
        _check_scm(scm_id)
        return Response({"authorization_status": "unauthorized"})


class ScmRevokeView(ActorAPIView):
    def post(self, _request: APIRequest, scm_id: str) -> Response:
        _check_scm(scm_id)
        raise BadInput(
            "The internal repository host needs no authorization, so there is none to revoke.",
            wire_code=TOKEN_MISSING,
        )


def may_see_all_environments(actor: Actor, _subject: str) -> bool:
    return actor.has(Scope.ADMIN)


def _check_scm(scm_id: str) -> None:
    if scm_id != INTERNAL_SCM["id"]:
        raise NotFound(f"There is no repository host {scm_id[:60]}.", wire_code=UNKNOWN_SCM)


def _language(language: Language) -> dict[str, object]:
    display_name = language.display_name.format(minor="").strip()
    configuration = {"display_name": display_name, "req_files": [language.configuration_file]}
    return {
        "name": language.name,
        "display_name": display_name,
        "configuration": orjson.dumps(configuration).decode(),
    }


def _environment(row: Environment) -> dict[str, object]:
    return {
        "id": row.pk,
        "environment_specification_id": row.specification_id,
        "display_name": row.display_name,
        "description": row.description,
        "created_at": row.created_at,
        "language": _language(languages.get(row.language)),
        "machine_type": row.machine_type,
        "machine": row.machine,
        "state": row.state,
        "notice": row.notice,
        "notice_on": row.notice_on,
        "successor_id": row.successor_id,
    }
