"""Algorithmia's administration of users, and the keys of the person who is signed in."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rest_framework.response import Response

from marketplace.accounts import closing, keys, profiles, registration
from marketplace.accounts.models import Owner, User
from marketplace.accounts.permissions import may_administer, may_manage_keys, may_see_account
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat import people_json, recent_errors
from marketplace.lib.errors import BadInput, Conflict, NotFound

USER_NOT_FOUND: Final = 3000
FIELD_MISSING: Final = 3005
NAME_DIFFERS: Final = 3007
EMAIL_FIXED: Final = 3008


class UsersView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, "all accounts")
        people = Owner.objects.open().filter(user__isnull=False).select_related("user")
        return Response(paging.answer(request, people, _shown, order=("created_at", "pk")))

    def post(self, request: APIRequest) -> Response:
        """Make an account without a password; `shouldCreateHello` makes no algorithm here."""
        request.actor.require(may_administer, "all accounts")
        body = json_object(request)
        _require(body, "username", "email")
        if body.get("passwordHash"):
            raise BadInput("Password hashes cannot be brought along; leave passwordHash empty.")
        made = registration.add(
            by=request.actor,
            username=str(body["username"]),
            email=str(body["email"]),
            full_name=str(body.get("fullname") or ""),
            company=(str(body.get("company_name") or ""), str(body.get("company_role") or "")),
        )
        return Response(_shown(made))


class UserView(ActorAPIView):
    def get(self, request: APIRequest, reference: str) -> Response:
        if _find(reference) is None:
            request.actor.require(may_administer, f"the account {reference[:60]}")
        owner = _person_at(reference)
        request.actor.require(may_see_account, owner)
        return Response(_shown(owner))

    def put(self, request: APIRequest, reference: str) -> Response:
        """Correct the full name and company; name and address stay."""
        request.actor.require(may_administer, f"the account {reference[:60]}")
        owner, user = _pair_at(reference)
        body = json_object(request)
        _require(body, "username", "email", "fullname")
        if str(body["username"]).lower() != owner.name.lower():
            raise Conflict("An account name cannot be changed.", wire_code=NAME_DIFFERS)
        if str(body["email"]).lower() != user.email.lower():
            raise Conflict("Only the person can change the address.", wire_code=EMAIL_FIXED)
        profiles.correct(
            owner,
            by=request.actor,
            full_name=str(body["fullname"]),
            company_name=str(body.get("company_name") or user.company_name),
            company_role=str(body.get("company_role") or user.company_role),
        )
        return Response(_shown(_person_at(reference)))

    def delete(self, request: APIRequest, reference: str) -> Response:
        """Close the account; its name and address are never given out again."""
        request.actor.require(may_administer, f"the account {reference[:60]}")
        closing.close(_person_at(reference), by=request.actor)
        return Response(status=204)


class UserErrorsView(ActorAPIView):
    def get(self, request: APIRequest, reference: str) -> Response:
        owner = _find(reference)
        if owner is None:
            return Response([])
        request.actor.require(may_see_account, owner)
        return Response(recent_errors.of_owner(owner))


class UserKeysView(ActorAPIView):
    """For a browser session only: no key can list or make keys."""

    def get(self, request: APIRequest, reference: str) -> Response:
        owner = _person_at(reference)
        request.actor.require(may_manage_keys, owner)
        usable = owner.api_keys.usable().select_related("owner", "user").order_by("created_at")
        return Response([people_json.key(key) for key in usable])

    def post(self, request: APIRequest, reference: str) -> Response:
        owner = _person_at(reference)
        body = json_object(request, required=["key_label"])
        key, secret = keys.create(
            owner,
            by=request.actor,
            label=str(body["key_label"]),
            scopes=people_json.key_scopes(body),
        )
        return Response(people_json.key(key, secret=secret))


def _find(reference: str) -> Owner | None:
    """By name or id."""
    people = Owner.objects.open().filter(user__isnull=False).select_related("user")
    try:
        return people.filter(pk=UUID(reference)).first()
    except ValueError:
        return people.named(reference).first()


def _person_at(reference: str) -> Owner:
    return _pair_at(reference)[0]


def _pair_at(reference: str) -> tuple[Owner, User]:
    owner = _find(reference)
    if owner is None or owner.user is None:
        raise NotFound(f"There is no user {reference[:60]!r}.", wire_code=USER_NOT_FOUND)
    return owner, owner.user


def _shown(owner: Owner) -> dict[str, object]:
    if owner.user is None:
        raise NotFound(f"{owner} is an organization.", wire_code=USER_NOT_FOUND)
    return people_json.user(owner, owner.user)


def _require(body: dict[str, object], *names: str) -> None:
    missing = [name for name in names if not body.get(name)]
    if missing:
        raise BadInput(f"The request lacks: {', '.join(missing)}.", wire_code=FIELD_MISSING)
