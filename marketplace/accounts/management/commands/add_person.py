"""Make an account from the command line: for operators, demo content and tests."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from marketplace.accounts import actors, keys, registration
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner, User
from marketplace.lib import tokens
from marketplace.lib.errors import MarketplaceError


class Command(BaseCommand):
    help = "Make a person with a key that may do everything; print them as one line of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--email", help="default: NAME@example.org")
        parser.add_argument("--password", help="default: a random one, printed")
        parser.add_argument("--full-name", default="")
        parser.add_argument("--key", help="use this secret instead of a new one")
        parser.add_argument("--staff", action="store_true", help="may use /admin/")
        parser.add_argument(
            "--admin-key", action="store_true", help="also make a key for administration (staff)"
        )
        parser.add_argument(
            "--keep", action="store_true", help="if the person exists, keep them and give a key"
        )

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        try:
            with transaction.atomic():
                person = _person(options)
        except MarketplaceError as error:
            raise CommandError(error.message) from None
        self.stdout.write(orjson.dumps(person).decode())


def _person(options: dict[str, Any]) -> dict[str, object]:
    known = Owner.objects.named(options["name"]).select_related("user").first()
    if known is not None and options["keep"]:
        return _kept(known, options)
    return _made(options)


def _made(options: dict[str, Any]) -> dict[str, object]:
    name = options["name"]
    password = options["password"] or secrets.token_urlsafe(12)
    made = registration.sign_up(
        username=name,
        email=options["email"] or f"{name}@example.org",
        password=password,
        full_name=options["full_name"],
    )
    key = made.secret
    if options["key"]:
        keys.revoke(made.key, by=actors.of_user(made.user))
        key = _key(made.owner, made.user, options["key"])
    _promote(made.user, options)
    return _shown(made.owner, made.user, key, options) | {"password": password, "is_new": True}


def _kept(owner: Owner, options: dict[str, Any]) -> dict[str, object]:
    if owner.user is None:
        raise CommandError(f"{owner} is an organization.")
    _promote(owner.user, options)
    key = _key(owner, owner.user, options["key"])
    return _shown(owner, owner.user, key, options) | {"is_new": False}


def _key(owner: Owner, user: User, secret: str | None) -> str:
    """The key with this secret, made unless it is there already."""
    found = APIKey.objects.usable().filter(digest=tokens.digest(secret or ""), owner=owner)
    if secret and found.exists():
        return secret
    actor = actors.of_user(user)
    return keys.create(owner, by=actor, label=registration.FIRST_KEY, secret=secret)[1]


def _promote(user: User, options: dict[str, Any]) -> None:
    is_so = user.is_staff and user.is_superuser and not user.is_staff_by_tags
    if options["staff"] and not is_so:
        user.is_staff, user.is_superuser, user.is_staff_by_tags = True, True, False
        user.save(update_fields=["is_staff", "is_superuser", "is_staff_by_tags"])


def _shown(owner: Owner, user: User, key: str, options: dict[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {
        "name": owner.name,
        "email": user.email,
        "user_id": user.pk,
        "owner_id": str(owner.pk),
        "key": key,
    }
    if options["admin_key"]:
        actor = actors.of_user(user)
        scopes = KeyScopes(is_admin=True)
        shown["admin_key"] = keys.create(owner, by=actor, label="admin-key", scopes=scopes)[1]
    return shown
