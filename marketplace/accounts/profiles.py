"""What a person changes about themselves."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from marketplace.accounts import audit, registration
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.accounts.permissions import may_administer, may_change_profile
from marketplace.lib.errors import BadInput, Conflict, NotFound

THEMES: Final = ("", "light", "dark")


@transaction.atomic
def change_details(
    owner: Owner, *, by: Actor, full_name: str, language: str = "", theme: str = ""
) -> User:
    """Change the name, and the language and colours of the pages."""
    by.require(may_change_profile, owner)
    user = _person(owner)
    if language and language not in dict(settings.LANGUAGES):
        raise BadInput(_("The pages do not speak this language."))
    if theme not in THEMES:
        raise BadInput(_("Colours are light, dark or as the system says."))
    user.language, user.theme = language, theme
    user.save(update_fields=["language", "theme"])
    return _saved(user, by, owner, full_name=full_name, email=user.email)


def correct(
    owner: Owner, *, by: Actor, full_name: str, company_name: str, company_role: str
) -> User:
    """Correct what is known about a person, as an administrator."""
    by.require(may_administer, f"the account {owner}")
    user = _person(owner)
    user.company_name, user.company_role = company_name[:100], company_role[:100]
    return _saved(user, by, owner, full_name=full_name, email=user.email)


@transaction.atomic
def change_password(owner: Owner, *, by: Actor, present: str, new: str) -> User:
    """Set another password; every other session of the person ends."""
    by.require(may_change_profile, owner)
    user = _person(owner)
    if not user.check_password(present):
        raise BadInput(_("The present password is not right."))
    registration.check_password(new, user)
    user.set_password(new)
    user.save(update_fields=["password"])
    audit.record(by, "changed the password", owner)
    return user


def _saved(user: User, by: Actor, owner: Owner, *, full_name: str, email: str) -> User:
    name = " ".join(full_name.split())
    if len(name) > 100:
        raise BadInput(_("The name may have 100 characters at most."))
    user.full_name, user.email = name, email
    try:
        with transaction.atomic():
            user.save(update_fields=["full_name", "email", "company_name", "company_role"])
            audit.record(by, "changed the profile", owner)
    except IntegrityError:
        raise Conflict(_("Another account has this e-mail address.")) from None
    return user


def _person(owner: Owner) -> User:
    if owner.user is None:
        raise NotFound(_("%(owner)s is an organization.") % {"owner": owner})
    return owner.user
