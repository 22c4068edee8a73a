"""Algorithmia's endpoints for the secrets of algorithms; a value goes in and never comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from rest_framework.response import Response

from algorithms import algorithm_secrets
from algorithms.algorithm_secrets import Given
from algorithms.models import Algorithm, Secret
from algorithms.permissions import may_edit
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat.finding import AlgorithmView
from marketplace.lib.errors import BadInput, NotFound, NotSignedIn

PROVIDER: Final = {
    "id": "internal",
    "name": "internal",
    "description": "Encrypted in the database of this installation",
    "moduleName": "internal",
    "factoryClassName": "internal",
    "interfaceVersion": "1.0",
    "isEnabled": True,
    "isDefault": True,
}


class ProvidersView(ActorAPIView):
    """Clients take the first one's id before they set a secret."""

    def get(self, request: APIRequest) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key to list the secret providers.")
        return Response([PROVIDER])


class SecretsView(AlgorithmView):
    def get(self, request: APIRequest, **_: object) -> Response:
        found = algorithm_secrets.listed(self.algorithm, by=request.actor)
        shown = [_shown(secret) for secret in found]
        return Response({"secrets": shown, "results": shown})

    def post(self, request: APIRequest, **_: object) -> Response:
        request.actor.require(may_edit, self.algorithm)
        body = json_object(request, required=["short_name", "secret_key", "secret_value"])
        _check_place(body, self.algorithm)
        made = algorithm_secrets.create(self.algorithm, _given(body), by=request.actor)
        return Response(_shown(made), status=201)


class SecretView(AlgorithmView):
    def put(self, request: APIRequest, secret_id: UUID, **_: object) -> Response:
        """Change what the body names; without a `secret_value` the value stays."""
        secret = self._secret(request, secret_id)
        body = json_object(request)
        _check_place(body, self.algorithm)
        changed = algorithm_secrets.change(secret, _given(body), by=request.actor)
        return Response(_shown(changed))

    def delete(self, request: APIRequest, secret_id: UUID, **_: object) -> Response:
        algorithm_secrets.remove(self._secret(request, secret_id), by=request.actor)
        return Response(status=204)

    def _secret(self, request: APIRequest, secret_id: UUID) -> Secret:
        request.actor.require(may_edit, self.algorithm)
        secrets = self.algorithm.secrets.select_related("algorithm__owner")
        secret: Secret | None = secrets.filter(pk=secret_id).first()
        if secret is None:
            raise NotFound(f"{self.algorithm} has no secret {secret_id}.")
        return secret


def _check_place(body: Mapping[str, Any], algorithm: Algorithm) -> None:
    """A body may say again whose secret it is and who keeps it; it cannot say otherwise."""
    only = {"owner_type": "algorithm", "owner_id": str(algorithm.pk), "provider_id": PROVIDER["id"]}
    for name, ours in only.items():
        if body.get(name) not in (None, "", ours):
            raise BadInput(f"The {name} of a secret of {algorithm} is {ours}.")


def _given(body: Mapping[str, Any]) -> Given:
    return Given(
        short_name=body.get("short_name"),
        secret_key=body.get("secret_key"),
        value=body.get("secret_value"),
        description=body.get("description"),
    )


def _shown(secret: Secret) -> dict[str, object]:
    return {
        "id": secret.pk,
        "short_name": secret.short_name,
        "description": secret.description,
        "owner_type": "algorithm",
        "owner_id": secret.algorithm_id,
        "secret_key": secret.secret_key,
        "provider_id": PROVIDER["id"],
        "created": secret.created,
        "modified": secret.modified,
    }
