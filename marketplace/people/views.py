"""Who am I, my keys, my organizations, as REST."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from marketplace.accounts import invitations, keys, organizations
from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.accounts.pages import organization_named
from marketplace.accounts.permissions import (
    may_manage_keys,
    may_manage_organization,
    may_revoke_key,
    may_see_organization,
)
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import NotFound, NotSignedIn
from marketplace.people import serializers

S = TypeVar("S", bound="Serializer[Any]")


class MeView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        """Tell whose credential this is, and what it may do."""
        actor = request.actor
        if actor.owner_id is None:
            raise NotSignedIn("Send an API key in the Authorization header, or sign in.")
        memberships = _memberships(request).filter(organization__owner__in=_known(request))
        return Response(
            {
                "name": actor.name,
                "id": actor.owner_id,
                "is_staff": actor.is_staff,
                "scopes": sorted(actor.scopes),
                "algorithms": actor.patterns,
                "key": actor.key_label or None,
                "organizations": [
                    {"name": member.organization.owner.name, "role": member.role}
                    for member in memberships
                ],
            }
        )


class KeysView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        owner = _owner(request, request.GET.get("owner", ""))
        request.actor.require(may_manage_keys, owner)
        rows = owner.api_keys.usable().select_related("owner").order_by("-created_at")
        return Response({"results": [serializers.key_shown(key) for key in rows]})

    def post(self, request: APIRequest) -> Response:
        """Make a key; `secret` is in this answer and nowhere else."""
        wanted = _read(request, serializers.NewKey)
        owner = _owner(request, wanted.validated_data["owner"])
        key, secret = keys.create(
            owner,
            by=request.actor,
            label=wanted.validated_data["label"],
            scopes=wanted.scopes(),
            expires_at=wanted.validated_data["expires_at"],
        )
        return Response(serializers.key_shown(key) | {"secret": secret}, status=201)


class KeyView(ActorAPIView):
    def delete(self, request: APIRequest, key_id: UUID) -> Response:
        key = APIKey.objects.select_related("owner").filter(pk=key_id).first()
        if key is None or not may_revoke_key(request.actor, key):
            raise NotFound("There is no such key.")
        keys.revoke(key, by=request.actor)
        return Response(status=204)


class OrganizationsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        rows = Owner.objects.open().filter(organization__isnull=False, pk__in=_known(request))
        rows = rows.select_related("organization").order_by("name")
        return Response({"results": [serializers.organization_shown(owner) for owner in rows]})

    def post(self, request: APIRequest) -> Response:
        wanted = _read(request, serializers.NewOrganization)
        made = organizations.create(
            wanted.validated_data["name"], by=request.actor, details=wanted.details()
        )
        return Response(serializers.organization_shown(made), status=201)


class OrganizationView(ActorAPIView):
    def get(self, request: APIRequest, name: str) -> Response:
        return Response(serializers.organization_shown(_visible(request, name)))

    def put(self, request: APIRequest, name: str) -> Response:
        owner = _visible(request, name)
        wanted = _read(request, serializers.OrganizationDetails)
        organizations.edit(owner, by=request.actor, details=wanted.details())
        return Response(serializers.organization_shown(_visible(request, name)))


class MemberView(ActorAPIView):
    def put(self, request: APIRequest, name: str, username: str) -> Response:
        """Invite a person, or change the role of somebody who is in."""
        owner = _visible(request, name)
        request.actor.require(may_manage_organization, owner)
        role = _read(request, serializers.Role).chosen()
        person = _person(username)
        known = Membership.objects.filter(organization=owner.organization, user=person)
        if known.exists():
            membership = organizations.change_role(owner, person, role, by=request.actor)
        else:
            membership = invitations.invite(owner, person, by=request.actor, role=role)
        return Response({"name": person.username, "role": membership.role})

    def delete(self, request: APIRequest, name: str, username: str) -> Response:
        owner = _visible(request, name)
        request.actor.require(may_manage_organization, owner)
        organizations.remove(owner, _person(username), by=request.actor)
        return Response(status=204)


class AnswerView(ActorAPIView):
    def post(self, request: APIRequest, name: str) -> Response:
        """Accept or decline an invitation, or leave."""
        wanted = _read(request, serializers.Answer).validated_data["answer"]
        rows = _memberships(request).filter(organization__owner__name__iexact=name)
        membership = rows.first()
        if membership is None:
            raise NotFound(f"You are not in an organization {name[:30]!r}.")
        if wanted == "accept":
            joined = invitations.accept(membership, by=request.actor)
            return Response({"name": name, "role": joined.role})
        organizations.leave(membership, by=request.actor)
        return Response(status=204)


def _read(request: APIRequest, kind: type[S]) -> S:
    wanted = kind(data=json_object(request, may_be_empty=True))
    wanted.is_valid(raise_exception=True)
    return wanted


def _known(request: APIRequest) -> frozenset[UUID]:
    return request.actor.owner_ids | request.actor.executes_for | request.actor.bills_for


def _owner(request: APIRequest, name: str) -> Owner:
    """Whose keys: the organization that is named, else the one who asks."""
    if name and name.lower() != request.actor.name.lower():
        return _visible(request, name)
    if request.actor.owner_id is None:
        raise NotSignedIn("Sign in to see or make keys.")
    return Owner.objects.get(pk=request.actor.owner_id)


def _visible(request: APIRequest, name: str) -> Owner:
    if request.actor.is_anonymous:
        raise NotSignedIn("Sign in to see organizations.")
    owner = organization_named(name)
    if not may_see_organization(request.actor, owner):
        raise NotFound(f"There is no organization {name[:30]!r}.")
    return owner


def _memberships(request: APIRequest) -> QuerySet[Membership]:
    rows = Membership.objects.filter(user=request.actor.user_id or 0)
    return rows.select_related("organization__owner").order_by("organization__owner__name")


def _person(username: str) -> User:
    person = User.objects.filter(username__iexact=username, is_active=True, owner__isnull=False)
    found = person.first()
    if found is None:
        raise NotFound(f"There is no person {username[:30]!r}.")
    return found
