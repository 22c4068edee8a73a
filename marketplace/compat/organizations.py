"""Algorithmia's administration of organizations and their members."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rest_framework.response import Response

from marketplace.accounts import closing, invitations, keys, organizations
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.accounts.permissions import (
    may_administer,
    may_manage_keys,
    may_manage_organization,
    may_see_account,
    may_see_organization,
)
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.compat import people_json, recent_errors
from marketplace.lib.errors import BadInput, Conflict, NotFound, NotSignedIn

NOT_FOUND: Final = 3100
USER_NOT_FOUND: Final = 3000


class TypesView(ActorAPIView):
    """Clients translate a type's name into its id with this before anything else."""

    def get(self, request: APIRequest) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key to list the types of organizations.")
        return Response([{"id": key, "name": name} for name, key in organizations.TYPES.items()])


class OrganizationsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        request.actor.require(may_administer, "all organizations")
        rows = Owner.objects.open().filter(organization__isnull=False)
        rows = rows.select_related("organization")
        return Response(paging.answer(request, rows, _shown, order=("created_at", "pk")))

    def post(self, request: APIRequest) -> Response:
        """Make an organization; the person of the key is its first owner."""
        body = json_object(request, required=["org_name"])
        made = organizations.create(
            str(body["org_name"]), by=request.actor, details=people_json.details(body)
        )
        return Response(_shown(made))


class OrganizationView(ActorAPIView):
    def get(self, request: APIRequest, name: str) -> Response:
        owner, about = _visible(request, name)
        return Response(people_json.organization(owner, about))

    def put(self, request: APIRequest, name: str) -> Response:
        owner, about = _visible(request, name)
        body = json_object(request)
        if str(body.get("org_name", owner.name)).lower() != owner.name.lower():
            raise Conflict("The name of an organization cannot be changed.")
        details = people_json.details(body, present=about)
        organizations.edit(owner, by=request.actor, details=details)
        return Response(status=204)

    def delete(self, request: APIRequest, name: str) -> Response:
        """Close the organization; its name is never given out again."""
        owner, _ = _visible(request, name)
        closing.close(owner, by=request.actor)
        return Response(status=204)


class MembersView(ActorAPIView):
    def get(self, request: APIRequest, name: str) -> Response:
        _, about = _visible(request, name)
        rows = Membership.objects.filter(organization=about).select_related("user")
        return Response(paging.answer(request, rows, people_json.member))


class MemberView(ActorAPIView):
    def put(self, request: APIRequest, name: str, username: str) -> Response:
        """Invite, or with a `role` change the role of who is in; empty, and the same when repeated."""
        owner, about = _visible(request, name)
        request.actor.require(may_manage_organization, owner)
        body = json_object(request, may_be_empty=True)
        role = _role(body.get("role"))
        person = _person(username)
        is_in = Membership.objects.filter(organization=about, user=person).exists()
        if is_in and "role" in body:
            organizations.change_role(owner, person, role, by=request.actor)
        else:
            invitations.invite(owner, person, by=request.actor, role=role)
        return Response(status=200)

    def delete(self, request: APIRequest, name: str, username: str) -> Response:
        owner, _ = _visible(request, name)
        organizations.remove(owner, _person(username), by=request.actor)
        return Response(status=204)


class OrganizationKeysView(ActorAPIView):
    """For a browser session of one of its owners only."""

    def get(self, request: APIRequest, name: str) -> Response:
        owner, _ = _visible(request, name)
        request.actor.require(may_manage_keys, owner)
        usable = owner.api_keys.usable().select_related("owner", "user").order_by("created_at")
        return Response([people_json.key(key) for key in usable])

    def post(self, request: APIRequest, name: str) -> Response:
        owner, _ = _visible(request, name)
        body = json_object(request, required=["key_label"])
        key, secret = keys.create(
            owner,
            by=request.actor,
            label=str(body["key_label"]),
            scopes=people_json.key_scopes(body),
        )
        return Response(people_json.key(key, secret=secret))


class OrganizationErrorsView(ActorAPIView):
    def get(self, request: APIRequest, name: str) -> Response:
        owner = _find(name)
        if owner is None:
            return Response([])
        request.actor.require(may_see_account, owner)
        return Response(recent_errors.of_owner(owner))


def _visible(request: APIRequest, name: str) -> tuple[Owner, Organization]:
    """The organization, for those who may see it; others learn nothing of what exists."""
    owner = _find(name)
    if owner is None or owner.organization is None:
        request.actor.require(may_administer, f"the organization {name[:60]}")
        raise NotFound(f"There is no organization {name[:60]!r}.", wire_code=NOT_FOUND)
    if not may_see_organization(request.actor, owner):
        request.actor.require(may_administer, f"the organization {name[:60]}")
    return owner, owner.organization


def _find(name: str) -> Owner | None:
    """By name or id."""
    rows = Owner.objects.open().filter(organization__isnull=False).select_related("organization")
    try:
        return rows.filter(pk=UUID(name)).first()
    except ValueError:
        return rows.named(name).first()


def _shown(owner: Owner) -> dict[str, object]:
    if owner.organization is None:
        raise NotFound(f"{owner} is a person.", wire_code=NOT_FOUND)
    return people_json.organization(owner, owner.organization)


def _person(username: str) -> User:
    owner = Owner.objects.named(username).open().select_related("user").first()
    if owner is None or owner.user is None:
        raise NotFound(f"There is no user {username[:60]!r}.", wire_code=USER_NOT_FOUND)
    return owner.user


def _role(value: object) -> Membership.Role:
    if value in (None, "", "invited"):
        return Membership.Role.MEMBER
    try:
        return Membership.Role(str(value))
    except ValueError:
        raise BadInput(
            f"A role is owner, admin, member, executor or billing, not {str(value)[:40]!r}."
        ) from None
