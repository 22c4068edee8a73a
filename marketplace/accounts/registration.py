"""Become somebody here: a user, the owner of a name, and a first key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from marketplace.accounts import actors, audit, keys
from marketplace.accounts.models import APIKey, Owner, User
from marketplace.lib import names
from marketplace.lib.errors import BadInput, Conflict

FIRST_KEY: Final = "default-key"
NAME_TAKEN: Final = 3003
EMAIL_TAKEN: Final = 3004
FIELD_MISSING: Final = 3005


@dataclass(frozen=True)
class SignedUp:
    user: User
    owner: Owner
    key: APIKey
    secret: str
    """The key's secret, which nobody can read again."""


def sign_up(*, username: str, email: str, password: str | None, full_name: str = "") -> SignedUp:
    """Make an account with its default key. Without a password nobody can sign in with one."""
    name = check_name(username)
    user = User(username=name, email=check_email(email), full_name=full_name.strip()[:100])
    if password is None:
        user.set_unusable_password()
    else:
        check_password(password, user)
        user.set_password(password)
    try:
        return _save(user)
    except IntegrityError:
        # Somebody else was faster by a moment: say what the checks would now say.
        check_name(username)
        check_email(email)
        raise


def check_name(name: str, *, what: str = "account name") -> str:
    """Give the name if it is well formed and free; raise BadInput or Conflict with the reason."""
    text = name.strip()
    if not text:
        raise BadInput(f"Choose an {what}.", wire_code=FIELD_MISSING)
    checked = names.checked(text, what=what)
    if names.is_reserved(checked):
        raise Conflict(f"The {what} {checked!r} is reserved; choose another.", wire_code=NAME_TAKEN)
    is_taken = (
        Owner.objects.named(checked).exists()
        or User.objects.filter(username__iexact=checked).exists()
    )
    if is_taken:
        raise Conflict(f"The {what} {checked!r} is taken; choose another.", wire_code=NAME_TAKEN)
    return checked


def check_email(email: str, *, of: User | None = None) -> str:
    """Give the address as it is kept, if it is one and no account but `of` has it."""
    address = User.objects.normalize_email(email.strip())
    if not address:
        raise BadInput("Give an e-mail address.", wire_code=FIELD_MISSING)
    try:
        validate_email(address)
    except ValidationError:
        raise BadInput(f"{address[:100]!r} is not an e-mail address.") from None
    others = User.objects.filter(email__iexact=address)
    if of is not None:
        others = others.exclude(pk=of.pk)
    if others.exists():
        raise Conflict(
            "An account with this e-mail address exists already; sign in instead.",
            wire_code=EMAIL_TAKEN,
        )
    return address


def check_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from None


@transaction.atomic
def _save(user: User) -> SignedUp:
    user.save()
    owner = Owner.objects.create(name=user.username, user=user)
    actor = actors.of_user(user)
    audit.record(actor, "signed up", owner)
    key, secret = keys.create(owner, by=actor, label=FIRST_KEY)
    return SignedUp(user, owner, key, secret)
