"""Algorithmia's JSON for users, organizations, members and keys, out and in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Membership, Organization, Owner, User
from marketplace.accounts.organizations import TYPES, Details
from marketplace.api.errors import INVALID_REQUEST
from marketplace.lib.errors import BadInput

ALL_ALGORITHMS: Final = "algo://*"
_ADMIN_KINDS: Final = frozenset({"PlatformAdminKey", "ManagementKey"})
_UNSUPPORTED: Final = (
    "external_admin_group",
    "external_member_group",
    "external_executor_group",
    "external_id",
)


def user(owner: Owner, person: User) -> dict[str, object]:
    return {
        "id": owner.pk,
        "username": owner.name,
        "email": person.email,
        "fullname": person.full_name,
        "company_name": person.company_name,
        "company_role": person.company_role,
        "self_link": f"{settings.SITE_URL}/v1/users/{owner.name}",
        "resource_type": "user",
    }


def organization(owner: Owner, about: Organization) -> dict[str, object]:
    owners = about.memberships.filter(role=Membership.Role.OWNER).order_by("created_at", "pk")
    return {
        "id": owner.pk,
        "org_name": owner.name,
        "org_label": about.label,
        "org_contact_name": about.contact_name,
        "org_email": about.contact_email,
        "org_url": about.website,
        "org_created_at": owner.created_at,
        "type_id": TYPES[about.type_name],
        "external_admin_group": [],
        "external_member_group": [],
        "external_executor_group": [],
        "external_id": None,
        "owner_ids": list(owners.values_list("user__owner__pk", flat=True)),
        "stripe_customer_id": None,
        "self_link": f"{settings.SITE_URL}/v1/organizations/{owner.name}",
        "resource_type": "organization",
    }


def details(body: Mapping[str, Any], *, present: Organization | None = None) -> Details:
    """What the body says about an organization; what it leaves out stays."""
    for name in _UNSUPPORTED:
        if body.get(name):
            raise BadInput(f"{name} is not supported here.", wire_code=INVALID_REQUEST)
    kept = present or Organization(label="", type_name="basic")
    return Details(
        label=_text(body, "org_label", kept.label),
        contact_name=_text(body, "org_contact_name", kept.contact_name),
        contact_email=_text(body, "org_email", kept.contact_email),
        website=_text(body, "org_url", kept.website),
        type_name=_type_name(body.get("type_id"), kept.type_name),
    )


def member(membership: Membership) -> dict[str, object]:
    name = membership.user.username
    return {
        "username": name,
        "role": membership.role,
        "user_link": f"{settings.SITE_URL}/v1/users/{name}",
        "resource_type": "organization_member",
    }


def key(shown: APIKey, *, secret: str | None = None) -> dict[str, object]:
    """A key; its value only in the answer to the request that made it."""
    calls = shown.algorithm_access != APIKey.AlgorithmAccess.NONE
    is_full = shown.algorithm_access == APIKey.AlgorithmAccess.FULL
    return {
        "id": shown.pk,
        "username": shown.user.username,
        "owner_name": shown.owner.name,
        "key_label": shown.label,
        "created_at": shown.created_at,
        "api_key_mask": shown.mask,
        "api_key": secret,
        "key_type": "PlatformAdminKey" if shown.is_admin else "AlgorithmKey",
        "permissions": {
            "allow_algo": calls and shown.from_native,
            "allow_web_algo": calls and shown.from_web,
            "referer_host": shown.web_origin,
            "allow_algo_management": shown.may_manage,
            "algo_acl": [ALL_ALGORITHMS] if is_full else shown.algorithm_patterns,
            "allow_data": shown.data_access != APIKey.DataAccess.NONE,
            "allow_data_write": shown.data_access == APIKey.DataAccess.READ_WRITE,
        },
    }


def key_scopes(body: Mapping[str, Any]) -> KeyScopes:
    """What a new key may do; a permission that is not named is not given."""
    if body.get("key_type") in _ADMIN_KINDS:
        return KeyScopes(is_admin=True)
    wanted = body.get("permissions") or {}
    if not isinstance(wanted, dict):
        raise BadInput("permissions must be a JSON object.", wire_code=INVALID_REQUEST)
    patterns = wanted.get("algo_acl", [ALL_ALGORITHMS])
    if not isinstance(patterns, list) or not all(isinstance(text, str) for text in patterns):
        raise BadInput("algo_acl must be a list of patterns.", wire_code=INVALID_REQUEST)
    from_web = wanted.get("allow_web_algo") is True
    calls = from_web or wanted.get("allow_algo") is True
    return KeyScopes(
        algorithm_access=_algorithm_access(calls, patterns),
        algorithm_patterns=patterns,
        may_manage=wanted.get("allow_algo_management") is True,
        data_access=_data_access(wanted),
        from_native=wanted.get("allow_algo") is True or not from_web,
        from_web=from_web,
        web_origin=_text(wanted, "referer_host", ""),
    )


def _algorithm_access(calls: bool, patterns: list[str]) -> APIKey.AlgorithmAccess:
    if not calls:
        return APIKey.AlgorithmAccess.NONE
    if ALL_ALGORITHMS in patterns:
        return APIKey.AlgorithmAccess.FULL
    return APIKey.AlgorithmAccess.RESTRICTED


def _data_access(wanted: Mapping[str, Any]) -> APIKey.DataAccess:
    if wanted.get("allow_data_write") is True:
        return APIKey.DataAccess.READ_WRITE
    if wanted.get("allow_data") is True:
        return APIKey.DataAccess.READ
    return APIKey.DataAccess.NONE


def _text(body: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = body.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, str):
        raise BadInput(f"{name} must be text.", wire_code=INVALID_REQUEST)
    return value


def _type_name(value: object, otherwise: str) -> str:
    """The clients send the id, having looked it up; people write the name."""
    if value is None:
        return otherwise
    for name, known in TYPES.items():
        if str(value) in (name, str(known)):
            return name
    raise BadInput(
        f"There is no organization type {str(value)[:60]!r}; see /v1/organization/types.",
        wire_code=INVALID_REQUEST,
    )
