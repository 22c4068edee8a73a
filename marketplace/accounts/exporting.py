"""Everything the site keeps about a person, as a zip archive of JSON files.

Each part of the site says what it keeps: `sections` maps a file's name to what writes it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import orjson
from django.utils import timezone

from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Notification, Owner, SignedInBrowser
from marketplace.accounts.permissions import may_change_profile

Rows = Iterable[Mapping[str, object]]

sections: Final[dict[str, Callable[[Owner], Rows]]] = {}
"""What other parts keep of an owner; they add themselves when the site starts."""

_README: Final = """\
What {site} keeps of {name}, as of {when}. Each file is a JSON list, or an object, in UTF-8.
Secrets are not in it: of passwords, keys and codes only hashes are kept. The bytes of your
files are not in it either; data.json tells where to download each.
"""


def export(owner: Owner, *, by: Actor, site: str) -> bytes:
    """Give the archive; small enough for memory, since it holds no files."""
    by.require(may_change_profile, owner)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        when = timezone.now().isoformat(timespec="seconds")
        archive.writestr("README.txt", _README.format(site=site, name=owner.name, when=when))
        archive.writestr("account.json", _json(_account(owner)))
        for name, rows in (_own_sections() | sections).items():
            archive.writestr(f"{name}.json", _json(list(rows(owner))))
    audit.record(by, "exported their data", owner)
    return made.getvalue()


def _account(owner: Owner) -> Mapping[str, object]:
    user = owner.user
    if user is None:
        return {"name": owner.name}
    return {
        "name": owner.name,
        "e-mail": user.email,
        "full_name": user.full_name,
        "company_name": user.company_name,
        "company_role": user.company_role,
        "language": user.language,
        "seen_language": user.seen_language,
        "theme": user.theme,
        "joined_at": user.date_joined,
        "last_signed_in_at": user.last_login,
        "has_authenticator_app": hasattr(user, "authenticator"),
        "passkeys": list(user.passkeys.values("label", "created_at", "last_used_at")),
    }


def _own_sections() -> dict[str, Callable[[Owner], Rows]]:
    return {
        "organizations": _organizations,
        "keys": _keys,
        "history": _history,
        "browsers": _browsers,
        "notifications": _notifications,
    }


def _organizations(owner: Owner) -> Rows:
    rows = owner.user.memberships.select_related("organization__owner") if owner.user else []
    for row in rows:
        yield {
            "organization": row.organization.owner.name,
            "role": row.role,
            "since": row.created_at,
        }


def _keys(owner: Owner) -> Rows:
    wanted = ("label", "mask", "created_at", "expires_at", "revoked_at", "last_used_at")
    yield from owner.api_keys.order_by("created_at").values(*wanted, "last_used_from")


def _history(owner: Owner) -> Rows:
    rows = AuditEntry.objects.filter(user_id=owner.user_id or 0).order_by("at")
    return rows.values("at", "actor_name", "action", "target", "details")


def _browsers(owner: Owner) -> Rows:
    rows = SignedInBrowser.objects.filter(user_id=owner.user_id or 0).order_by("created_at")
    return rows.values("agent", "address", "method", "created_at", "seen_at")


def _notifications(owner: Owner) -> Rows:
    rows = Notification.objects.filter(user_id=owner.user_id or 0).order_by("pk")
    return rows.values("created_at", "kind", "title", "body", "url", "read_at")


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2)
