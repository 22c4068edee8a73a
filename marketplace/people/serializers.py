"""What the API shows and accepts about people."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Membership, Owner
from marketplace.accounts.organizations import Details
from marketplace.accounts.wording import rights

_ROLES = [role for role in Membership.Role.choices if role[0] != Membership.Role.INVITED]


class NewKey(serializers.Serializer[Any]):
    label = serializers.CharField(max_length=100)  # type: ignore[assignment] # a field of ours
    owner = serializers.CharField(required=False, default="")
    algorithm_access = serializers.ChoiceField(
        choices=APIKey.AlgorithmAccess.choices, default=APIKey.AlgorithmAccess.NONE
    )
    algorithm_patterns = serializers.ListField(child=serializers.CharField(), default=list)
    may_manage = serializers.BooleanField(default=False)
    data_access = serializers.ChoiceField(
        choices=APIKey.DataAccess.choices, default=APIKey.DataAccess.NONE
    )
    from_native = serializers.BooleanField(default=True)
    from_web = serializers.BooleanField(default=False)
    web_origin = serializers.CharField(default="", allow_blank=True, max_length=255)
    expires_at = serializers.DateTimeField(default=None, allow_null=True)

    def scopes(self) -> KeyScopes:
        data = self.validated_data
        return KeyScopes(
            algorithm_access=APIKey.AlgorithmAccess(data["algorithm_access"]),
            algorithm_patterns=data["algorithm_patterns"],
            may_manage=data["may_manage"],
            data_access=APIKey.DataAccess(data["data_access"]),
            from_native=data["from_native"],
            from_web=data["from_web"],
            web_origin=data["web_origin"],
        )


class OrganizationDetails(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment] # a field of ours
        max_length=100, default="", allow_blank=True
    )
    contact_name = serializers.CharField(max_length=100, default="", allow_blank=True)
    contact_email = serializers.CharField(max_length=254, default="", allow_blank=True)
    website = serializers.CharField(max_length=200, default="", allow_blank=True)

    def details(self) -> Details:
        names = ("label", "contact_name", "contact_email", "website")
        return Details(**{name: self.validated_data[name] for name in names})


class NewOrganization(OrganizationDetails):
    name = serializers.CharField(max_length=60)


class Role(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=_ROLES, default=Membership.Role.MEMBER)

    def chosen(self) -> Membership.Role:
        return Membership.Role(self.validated_data["role"])


class Answer(serializers.Serializer[Any]):
    answer = serializers.ChoiceField(choices=["accept", "decline", "leave"])


def key_shown(key: APIKey) -> dict[str, object]:
    return {
        "id": key.pk,
        "label": key.label,
        "owner": key.owner.name,
        "mask": key.mask,
        "rights": rights(key),
        "algorithm_access": key.algorithm_access,
        "algorithm_patterns": key.algorithm_patterns,
        "may_manage": key.may_manage,
        "data_access": key.data_access,
        "from_native": key.from_native,
        "from_web": key.from_web,
        "web_origin": key.web_origin,
        "is_admin": key.is_admin,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_from": key.last_used_from,
    }


def organization_shown(owner: Owner) -> dict[str, object]:
    about = owner.organization
    if about is None:
        raise ValueError(f"{owner} is a person")
    members = about.memberships.select_related("user").order_by("created_at", "pk")
    return {
        "id": owner.pk,
        "name": owner.name,
        "label": about.label,
        "contact_name": about.contact_name,
        "contact_email": about.contact_email,
        "website": about.website,
        "created_at": owner.created_at,
        "members": [
            {"name": member.user.username, "role": member.role, "invited_as": member.invited_as}
            for member in members
        ],
    }
