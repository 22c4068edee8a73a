"""Become somebody here: a user, the owner of a name, and a first key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.accounts import actors, attempts, audit, keys, site_settings
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, Owner, User
from marketplace.accounts.permissions import may_administer
from marketplace.lib import names
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError

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


def sign_up(  # noqa: PLR0913 - what somebody says who joins
    *,
    username: str,
    email: str,
    password: str,
    full_name: str = "",
    address: str = "",
    invitation: str = "",
) -> SignedUp:
    """Make an account with its default key.

    `address` is where the person comes from; without one it is the operator who asks, for whom
    neither a closed door nor a brake counts.
    """
    if address:
        site_settings.require_sign_up(invitation)
        admit(address)
    user = _new_user(username, email, full_name)
    check_password(password, user)
    user.set_password(password)
    with _nobody_faster(username, email):
        if address:
            site_settings.use_invitation(invitation)
        owner = _save(user)
        actor = actors.of_user(user)
        audit.record(actor, "signed up", owner)
        key, secret = keys.create(owner, by=actor, label=FIRST_KEY)
        return SignedUp(user, owner, key, secret)


def add(
    *,
    by: Actor,
    username: str,
    email: str,
    full_name: str = "",
    company: tuple[str, str] = ("", ""),
) -> Owner:
    """Make an account for somebody else, who sets a password by “Forgot your password?”.

    `company` is its name and the person's role there.
    """
    by.require(may_administer, f"the account {username}")
    user = _new_user(username, email, full_name)
    user.company_name, user.company_role = (text.strip()[:100] for text in company)
    user.set_unusable_password()
    with _nobody_faster(username, email):
        owner = _save(user)
        audit.record(by, "added a person", owner)
        return owner


def admit(address: str) -> None:
    """Count one sign-up from an address, or raise TooMany: nobody needs so many accounts."""
    most = settings.SIGN_UPS_PER_HOUR
    attempts.admit("sign up", address, most=most, within=timedelta(hours=1))


def mistakes(*, username: str, email: str, password: str) -> dict[str, str]:
    """Everything that is wrong with what a form was sent with, by field, so that all is said at once."""
    found: dict[str, str] = {}
    user = User(username=username.strip(), email=email.strip())
    checks: dict[str, Callable[[], object]] = {
        "username": lambda: check_name(username),
        "email": lambda: check_email(email),
        "password": lambda: check_password(password, user),
    }
    for field, check in checks.items():
        try:
            check()
        except MarketplaceError as error:
            found[field] = error.message
    return found


def check_name(name: str, *, what: str = gettext_noop("account name")) -> str:
    """Give the name if it is well formed and free; raise BadInput or Conflict with the reason."""
    text = name.strip()
    if not text:
        raise BadInput(_("Choose an %(what)s.") % {"what": _(what)}, wire_code=FIELD_MISSING)
    checked = names.checked(text, what=what)
    if names.is_reserved(checked):
        raise Conflict(
            _("The %(what)s %(checked)s is reserved; choose another.")
            % {"what": _(what), "checked": repr(checked)},
            wire_code=NAME_TAKEN,
        )
    is_taken = (
        Owner.objects.named(checked).exists()
        or User.objects.filter(username__iexact=checked).exists()
    )
    if is_taken:
        raise Conflict(
            _("The %(what)s %(checked)s is taken; choose another.")
            % {"what": _(what), "checked": repr(checked)},
            wire_code=NAME_TAKEN,
        )
    return checked


def check_email(email: str, *, of: User | None = None) -> str:
    """Give the address as it is kept, if it is one and no account but `of` has it."""
    address = User.objects.normalize_email(email.strip())
    if not address:
        raise BadInput(_("Give an e-mail address."), wire_code=FIELD_MISSING)
    try:
        validate_email(address)
    except ValidationError:
        raise BadInput(
            _("%(address)s is not an e-mail address.") % {"address": repr(address[:100])}
        ) from None
    others = User.objects.filter(email__iexact=address)
    if of is not None:
        others = others.exclude(pk=of.pk)
    if others.exists():
        raise Conflict(
            _("An account with this e-mail address exists already; sign in instead."),
            wire_code=EMAIL_TAKEN,
        )
    return address


def check_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from None


def _new_user(username: str, email: str, full_name: str) -> User:
    name, address = check_name(username), check_email(email)
    return User(username=name, email=address, full_name=" ".join(full_name.split())[:100])


def _save(user: User) -> Owner:
    user.save()
    return Owner.objects.create(name=user.username, user=user)


@contextmanager
def _nobody_faster(username: str, email: str) -> Iterator[None]:
    """Save all or nothing; if somebody took the name a moment ago, say what the checks now say."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        check_name(username)
        check_email(email)
        raise
